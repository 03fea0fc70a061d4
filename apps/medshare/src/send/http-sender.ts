import { createHash } from 'node:crypto';
import { isProblemCode, problem, problems } from '@medshare/problems';
import type { Answer } from './read-acknowledgement.js';
import type { Refusal } from './send-report.js';

export interface HttpAddress {
  baseUrl: string;
  token: () => Promise<string>;
}

/** Milliseconds for one request. */
const timeout = 60_000;

/**
 * Sends one FHIR R4 body: a batch or transaction to `/fhir`, anything else to its type. The request id is made of the bytes, so
 * that sending them again changes nothing.
 */
export async function sendFhir({ baseUrl, token }: HttpAddress, bytes: Uint8Array): Promise<Answer> {
  const response = await fetch(new URL(pathOf(bytes), baseUrl), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await token()}`,
      'content-type': 'application/fhir+json',
      'x-request-id': `sha256-${createHash('sha256').update(bytes).digest('hex')}`,
    },
    body: bytes as Uint8Array<ArrayBuffer>,
    signal: AbortSignal.timeout(timeout),
  }).catch((cause: unknown) => {
    throw problem('peer.unavailable', { where: baseUrl, detail: 'no answer; is medshare running?', cause });
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) return { taken: false, refusals: refusalsOf(String(response.status), body) };
  const inside = refusedEntries(body);
  return inside.length > 0 ? { taken: false, refusals: inside } : { taken: true };
}

function pathOf(bytes: Uint8Array): string {
  try {
    const { resourceType, type } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (resourceType === 'Bundle' && (type === 'transaction' || type === 'batch')) return '/fhir';
    if (typeof resourceType === 'string' && /^[A-Za-z]{1,64}$/.test(resourceType)) return `/fhir/${resourceType}`;
  } catch {
    // the server says what is wrong with it
  }
  return '/fhir';
}

interface Issue {
  details?: { coding?: { code?: string }[]; text?: string };
  diagnostics?: string;
  expression?: string[];
}

/** Reasons out of an OperationOutcome or problem+json. */
function refusalsOf(answer: string, body: unknown): Refusal[] {
  const { issue, code, where, title, detail } = (body ?? {}) as Record<string, unknown>;
  if (Array.isArray(issue)) return (issue as Issue[]).map((each) => refusalOf(answer, each));
  if (typeof code !== 'string') return [{ answer, code: '', where: '', why: `HTTP status ${answer}` }];
  return [{ answer, code, where: textOf(where), why: textOf(detail) || textOf(title) }];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 300) : '');

function refusalOf(answer: string, { details, diagnostics, expression }: Issue): Refusal {
  const code = details?.coding?.[0]?.code ?? '';
  const title = isProblemCode(code) ? problems[code].title : textOf(details?.text);
  const why = [title, textOf(diagnostics)].filter((text) => text !== '').join(': ');
  return { answer, code, where: textOf(expression?.[0]), why };
}

/** A batch is answered 200 although entries of it were refused. */
function refusedEntries(body: unknown): Refusal[] {
  const { entry } = (body ?? {}) as { entry?: { response?: { status?: string; outcome?: unknown } }[] };
  if (!Array.isArray(entry)) return [];
  return entry.flatMap(({ response }, index) => {
    const status = response?.status ?? '';
    if (!/^[45]/.test(status)) return [];
    const place = `Bundle.entry[${index}]`;
    return refusalsOf(status, response?.outcome).map((each) => ({ ...each, where: each.where || place }));
  });
}
