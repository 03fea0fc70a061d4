import { generateStaffKey, requestCertificate } from '@medshare/client';
import type { StaffCertificate } from '@medshare/events';
import { z } from 'zod';
import { until, type Demo } from '../harness/demo.js';

interface Operation {
  operationId: string;
  parameters: { name: string; in: 'path' | 'query'; example?: string }[];
  requestBody?: { content: Record<string, { example: unknown }> };
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}
export interface Found {
  method: string;
  path: string;
  operation: Operation;
  schemas: object;
}
interface Given {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: object;
}
export interface Step {
  operation: string;
  as?: string;
  given?: () => Promise<Given> | Given;
  /** a documented refusal, where the story has nothing that could be done */
  refused?: number;
  keep?: (answer: never) => void;
}

export async function documented(base: string): Promise<Map<string, Found>> {
  const start = await (await fetch(`${base}/docs/start.js`)).text();
  const files = [...start.matchAll(/"(\/docs\/[a-z]+\.openapi\.json)"/g)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThanOrEqual(5);
  const found = new Map<string, Found>();
  for (const file of files) {
    const document = (await (await fetch(base + file)).json()) as {
      paths: Record<string, Record<string, Operation>>;
      components: { schemas: object };
    };
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods))
        found.set(operation.operationId, { method, path, operation, schemas: document.components.schemas });
  }
  return found;
}

export async function play(demo: Demo, operations: Map<string, Found>, step: Step): Promise<void> {
  const { method, path, operation, schemas } = operations.get(step.operation)!;
  const given = (await step.given?.()) ?? {};
  const [user, institution = 'harbor'] = (step.as ?? '').split('@');
  const examples = (where: 'path' | 'query') =>
    Object.fromEntries(
      operation.parameters.flatMap((each) =>
        each.in === where && each.example !== undefined ? [[each.name, each.example]] : [],
      ),
    );
  const params = { ...examples('path'), ...given.params };
  const query = new URLSearchParams({ ...examples('query'), ...given.query }).toString();
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name]!));
  const [type, body] = bodyOf(operation, given);
  const response = await fetch(`${demo.institutions[institution]!.httpUrl}${address}${query && `?${query}`}`, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...(user && { authorization: `Bearer ${await tokenOf(demo, user, institution)}` }),
      ...(type && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const wanted = step.refused ?? Number(Object.keys(operation.responses).find((status) => Number(status) < 400));
  expect([step.operation, response.status, text.slice(0, 400)]).toEqual([step.operation, wanted, text.slice(0, 400)]);
  const [[documentedType, { schema }] = ['', { schema: {} }]] = Object.entries(
    operation.responses[String(wanted)]!.content,
  );
  expect([step.operation, response.headers.get('content-type')]).toEqual([
    step.operation,
    expect.stringContaining(documentedType),
  ]);
  const answer: unknown = documentedType.endsWith('json') ? JSON.parse(text) : text;
  expect([step.operation, problemsOf(answer, schema, schemas)]).toEqual([step.operation, []]);
  step.keep?.(answer as never);
}

/** Who may: the reader's Bundles are lakeside's doctor's, everything else is harbor's. */
export function callerOf(type: string, code: string): [user: string, institution: string] {
  if (type === 'Bundle' && code !== 'create') return ['dr.chen', 'lakeside'];
  if (type === 'Consent') return ['officer.li', 'harbor'];
  return type === 'AuditEvent' && code !== 'create' ? ['regulator', 'harbor'] : ['feed', 'harbor'];
}

/** Of an emergency department's person at harbor. */
export async function certificateOf(demo: Demo, key: ReturnType<typeof generateStaffKey>): Promise<StaffCertificate> {
  const response = await fetch(`${demo.institutions['harbor']!.httpUrl}/access/certificates`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await demo.token('ed.zhao', 'harbor')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(requestCertificate(key, Date.now())),
  });
  return ((await response.json()) as { certificate: StaffCertificate }).certificate;
}

/** Sends a message in enhanced mode, and waits until its application acknowledgement can be fetched. */
export async function asking(demo: Demo, message: string): Promise<void> {
  const base = `${demo.institutions['harbor']!.httpUrl}/hl7v2`;
  const authorization = `Bearer ${await demo.feedToken('harbor')}`;
  const headers = { authorization, 'content-type': 'application/hl7-v2' };
  await fetch(base, { method: 'POST', headers, body: message });
  const query = new URLSearchParams({ 'MSH-3': 'HIS', 'MSH-4': 'HARBOR', 'MSH-10': 'EXAMPLE-0002' }).toString();
  await until('it is acknowledged', async () => {
    const { status } = await fetch(`${base}/acknowledgement?${query}`, { headers: { authorization } });
    return status === 200;
  });
}

export const exampleOf = (operations: Map<string, Found>, id: string): { body: unknown } => {
  const [content] = Object.values(operations.get(id)!.operation.requestBody!.content);
  return { body: content!.example };
};

export const tokenOf = (demo: Demo, user: string, institution: string): Promise<string> =>
  user === 'feed' ? demo.feedToken(institution) : demo.token(user, institution);

function bodyOf({ requestBody }: Operation, given: Given): [string | undefined, string | undefined] {
  const [[type, { example }] = [undefined, { example: undefined }]] = Object.entries(requestBody?.content ?? {});
  if (type === undefined) return [undefined, undefined];
  return [type, typeof example === 'string' ? example : JSON.stringify({ ...(example as object), ...given.body })];
}

function problemsOf(answer: unknown, schema: object, schemas: object): unknown[] {
  const whole = JSON.parse(
    JSON.stringify({ ...schema, $defs: schemas }).replaceAll('#/components/schemas/', '#/$defs/'),
  ) as Parameters<typeof z.fromJSONSchema>[0];
  return z.fromJSONSchema(whole).safeParse(answer).error?.issues ?? [];
}
