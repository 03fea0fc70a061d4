import { z } from 'zod';
import { configSchema } from './schema.js';

/** One place of the configuration, as far as documentation and environment need it. */
export interface Node {
  readonly type: string;
  readonly description: string;
  /** undefined when there is none */
  readonly default: unknown;
  readonly required: boolean;
  readonly children: Readonly<Record<string, Node>>;
  /** What a map or list holds. */
  readonly items: Node | undefined;
}

/** The part of JSON Schema 2020-12 that zod writes for the configuration. */
interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
}

/** The schema as a tree, so that documentation and environment cannot drift from what is validated. */
export function configTree(): Node {
  return nodeOf(z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, true);
}

function nodeOf(schema: JsonSchema, required: boolean): Node {
  const { properties = {}, additionalProperties: map, items = typeof map === 'object' ? map : undefined } = schema;
  return {
    type: typeOf(schema),
    description: schema.description ?? '',
    default: schema.default,
    required,
    children: Object.fromEntries(
      Object.entries(properties).map(([key, child]) => [key, nodeOf(child, (schema.required ?? []).includes(key))]),
    ),
    items: items && nodeOf(items, true),
  };
}

function typeOf(schema: JsonSchema): string {
  const { type = 'string', properties, additionalProperties: map, items, enum: values, anyOf } = schema;
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array') return `list of ${typeOf(items ?? {})}`;
  if (type === 'object' && properties === undefined && typeof map === 'object') return `map to ${typeOf(map)}`;
  return values === undefined ? type : values.map((value) => `\`${String(value)}\``).join(', ');
}
