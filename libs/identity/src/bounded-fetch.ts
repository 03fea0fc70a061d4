/** Bytes of an answer of an identity provider at most. */
const maxBytes = 256 * 1024;

/** fetch that gives up on long answers, slow answers and redirects to follow; the caller sees them as they are. */
export async function boundedFetch(url: string, init: RequestInit & { timeoutMs: number }): Promise<Response> {
  const { timeoutMs, ...rest } = init;
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs), ...rest });
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > maxBytes) throw new Error('answer larger than allowed');
    pieces.push(piece);
  }
  const empty = response.status === 204 || response.status === 304;
  const { status, headers } = response;
  return new Response(empty ? null : Buffer.concat(pieces), { status, headers });
}
