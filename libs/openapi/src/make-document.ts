import { rolesFor } from '@medshare/identity/nest';
import { problems as table, type ProblemCode } from '@medshare/problems';
import { STATUS_CODES } from 'node:http';
import type { DocumentedHandler } from './documented.js';
import { jsonSchema, type JsonSchema } from './json-schema.js';
import { routeOf } from './route-of.js';

/** An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), the members written here. */
export interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  servers: { url: string; description: string }[];
  paths: Record<string, Record<string, JsonSchema>>;
  components: { securitySchemes: Record<string, JsonSchema>; schemas: Record<string, JsonSchema> };
}

const always: readonly ProblemCode[] = ['request.rate-limited', 'internal'];
const withToken: readonly ProblemCode[] = ['auth.unauthenticated', 'auth.forbidden'];

const schemes = {
  public: {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: "A token of the institution's OIDC." },
  },
  peers: { mutualTLS: { type: 'mutualTLS', description: 'A certificate of a member of the region.' } },
};

/** `<owner>` for what people and systems call, `<owner>.peers` for what only the mutual-TLS listener answers. */
export function makeDocuments(handlers: readonly DocumentedHandler[]): Map<string, OpenApiDocument> {
  const names = new Map<string, DocumentedHandler[]>();
  for (const each of handlers) {
    const { owner, peers } = each.documentation;
    const name = peers ? `${owner}.peers` : owner;
    names.set(name, [...(names.get(name) ?? []), each]);
  }
  return new Map(
    [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, found]) => [name, makeDocument(name, found)]),
  );
}

function makeDocument(name: string, handlers: readonly DocumentedHandler[]): OpenApiDocument {
  const peers = name.endsWith('.peers');
  const schemas: Record<string, JsonSchema> = { Problem: problemSchema, OperationOutcome: outcomeSchema };
  const paths: OpenApiDocument['paths'] = {};
  for (const each of handlers) {
    const route = routeOf(each.controller, each.handler);
    if (route === undefined) continue;
    paths[route.path] = { ...paths[route.path], [route.method]: operation(each, route.path, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: `medshare ${name}`,
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: peers
        ? 'Reachable on the peer listener only, over mutual TLS; the public listener knows no such path.'
        : 'Reachable on the public listener.',
    },
    servers: [{ url: '/', description: peers ? 'the peer listener (peers.urls)' : 'this listener' }],
    paths,
    components: { securitySchemes: peers ? schemes.peers : schemes.public, schemas },
  };
}

function operation(
  { controller, handler, documentation }: DocumentedHandler,
  path: string,
  components: Record<string, JsonSchema>,
): JsonSchema {
  const { owner, summary, description, body, answer, example, peers } = documentation;
  const operationId = `${owner}.${controller.name.replace(/Controller$/, '')}.${handler.name}`;
  const roles = rolesFor(controller, handler);
  const notes = [
    description,
    roles.length > 0 && `Roles: ${roles.join(', ')}.`,
    peers && `For ${peers === 'region' ? 'members of the region' : 'roles of the institution itself'}.`,
  ].filter(Boolean);
  const said = [...documentation.problems, ...(roles.length > 0 ? withToken : []), ...always];
  const { status = 200, type = 'application/json', shape } = answer;
  return {
    operationId,
    tags: [owner],
    summary,
    ...(notes.length > 0 && { description: notes.join('\n\n') }),
    security: peers ? [{ mutualTLS: [] }] : roles.length > 0 ? [{ bearer: [] }] : [],
    parameters: parameters(documentation, path),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          [body.type ?? 'application/json']: {
            schema: jsonSchema(body.shape, 'input', `${operationId}.request`, components),
            ...(example.body !== undefined && { example: example.body }),
          },
        },
      },
    }),
    responses: {
      [String(status)]: {
        description: 'Done',
        content: {
          [type]: { schema: shape ? jsonSchema(shape, 'output', `${operationId}.response`, components) : {} },
        },
      },
      ...refusals(said, path),
    },
  };
}

function parameters({ query, example }: DocumentedHandler['documentation'], path: string): JsonSchema[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
    ...(example.params?.[name] !== undefined && { example: example.params[name] }),
  }));
  const { properties = {}, required = [] } = (query ? jsonSchema(query, 'input', 'query', {}) : {}) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  const inQuery = Object.entries(properties).map(([name, schema]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema: textual(schema) },
    ...(example.query?.[name] !== undefined && { example: example.query[name] }),
  }));
  return [...inPath, ...inQuery];
}

/** A default of the parsed value is no default of the text that is sent. */
function textual({ default: value, ...schema }: JsonSchema): JsonSchema {
  return value === undefined || typeof value === 'string'
    ? { ...schema, ...(value !== undefined && { default: value }) }
    : schema;
}

function refusals(codes: readonly ProblemCode[], path: string): JsonSchema {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes))
    byStatus.set(table[code].status, [...(byStatus.get(table[code].status) ?? []), code]);
  const fhir = /(^|\/)fhir(\/|$)/.test(path);
  const [type, schema] = fhir ? ['application/fhir+json', 'OperationOutcome'] : ['application/problem+json', 'Problem'];
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, found]) => [
        String(status),
        {
          description: `${STATUS_CODES[status]}: ${found.map((code) => `\`${code}\` (${table[code].title})`).join(', ')}`,
          content: { [type as string]: { schema: { $ref: `#/components/schemas/${schema}` } } },
        },
      ]),
  );
}

/** RFC 9457 */
const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    ...{ type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' }, detail: { type: 'string' } },
    ...{ instance: { type: 'string' }, code: { type: 'string' }, where: { type: 'string' } },
  },
};
/** http://hl7.org/fhir/R4/operationoutcome.html */
const outcomeSchema: JsonSchema = {
  type: 'object',
  required: ['resourceType', 'issue'],
  properties: { resourceType: { const: 'OperationOutcome' }, issue: { type: 'array', minItems: 1 } },
};
