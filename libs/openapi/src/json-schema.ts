import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/**
 * A zod shape as a schema of an OpenAPI 3.1 document (JSON Schema 2020-12). What is recursive becomes a component, because `#` there is the
 * whole document.
 */
export function jsonSchema(
  shape: z.ZodType,
  io: 'input' | 'output',
  name: string,
  components: Record<string, JsonSchema>,
): JsonSchema {
  const made = z.toJSONSchema(shape, { target: 'draft-2020-12', io, unrepresentable: 'any' }) as JsonSchema;
  delete made['$schema'];
  const text = JSON.stringify(made);
  if (!text.includes('"$ref":"#')) return made;
  const moved = JSON.parse(
    text
      .replaceAll('"$ref":"#/$defs/', `"$ref":"#/components/schemas/${name}.`)
      .replaceAll('"$ref":"#"', `"$ref":"#/components/schemas/${name}"`),
  ) as JsonSchema;
  const { $defs, ...rest } = moved;
  for (const [part, schema] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>))
    components[`${name}.${part}`] = schema;
  components[name] = rest;
  return { $ref: `#/components/schemas/${name}` };
}
