import { Agent, fetch, type RequestInit } from 'undici';

/** Bytes of an answer of an identity provider at most. */
const maxBytes = 256 * 1024;

export interface BoundedInit {
  method?: string | undefined;
  headers?: Headers | Record<string, string>;
  body?: URLSearchParams | string | undefined;
  timeoutMs: number;
  /** The authorities of the server's certificate, PEM; the system's by default. */
  authorities?: string | undefined;
}

/** One agent for each set of authorities: connections are kept, and a process knows few providers. */
const agents = new Map<string, Agent>();

function agentFor(ca: string): Agent {
  const agent = agents.get(ca) ?? new Agent({ connect: { ca }, connections: 8, keepAliveTimeout: 5000 });
  agents.set(ca, agent);
  return agent;
}

/** fetch that gives up on long answers, slow answers and redirects to follow; the caller sees them as they are. */
export async function boundedFetch(url: string, init: BoundedInit): Promise<Response> {
  const { timeoutMs, authorities, method, headers, body } = init;
  const given: RequestInit = { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) };
  if (method !== undefined) given.method = method;
  if (headers !== undefined) given.headers = Object.fromEntries(new Headers(headers));
  // as text: a URLSearchParams is of another class here
  if (body !== undefined) given.body = body.toString();
  if (body instanceof URLSearchParams)
    given.headers = { 'content-type': 'application/x-www-form-urlencoded', ...(given.headers as object) };
  if (authorities !== undefined) given.dispatcher = agentFor(authorities);
  const response = await fetch(url, given);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += (piece as Uint8Array).length;
    if (size > maxBytes) throw new Error('answer larger than allowed');
    pieces.push(piece as Uint8Array);
  }
  const empty = [204, 205, 304].includes(response.status);
  const answer = new Response(empty ? null : Buffer.concat(pieces), { status: response.status });
  for (const [name, value] of response.headers) answer.headers.append(name, value);
  return answer;
}
