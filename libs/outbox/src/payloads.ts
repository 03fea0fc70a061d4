import { systemRandom } from '@medshare/clock';
import { callAll, type Call, type Queryable, type Tx } from '@medshare/database';
import { problem } from '@medshare/problems';

/** bytes of one row */
export const PAYLOAD_CHUNK_BYTES = 1_048_576;
/** most bytes of one payload */
export const MAX_PAYLOAD_BYTES = 256 * 1_048_576;

const insert = { name: 'payload-chunk', text: 'INSERT INTO transit.payload_chunk (ref, n, bytes) VALUES ($1, $2, $3)' };
/** Cuts a stream into chunks of exactly the size, but for the last. */
async function* rechunk(content: AsyncIterable<Uint8Array> | Uint8Array): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + PAYLOAD_CHUNK_BYTES - size);
      held.push(part);
      size += part.length;
      at += part.length;
      if (size < PAYLOAD_CHUNK_BYTES) continue;
      yield Buffer.concat(held);
      [held, size] = [[], 0];
    }
  }
  if (size > 0) yield Buffer.concat(held);
}

/**
 * Stores sealed bytes in the caller's transaction.
 * @returns the reference, good once that commits
 * @throws Problem `request.too-large`
 */
export const putPayload = async (tx: Tx, content: AsyncIterable<Uint8Array> | Uint8Array): Promise<string> => {
  const ref = systemRandom.uuid();
  let [n, size] = [0, 0];
  for await (const chunk of rechunk(content)) {
    size += chunk.length;
    if (size > MAX_PAYLOAD_BYTES) throw problem('request.too-large', { where: 'payload' });
    await tx.query(insert, [ref, n++, chunk]);
  }
  await tx.query('INSERT INTO transit.payload (ref, size, chunks) VALUES ($1, $2, $3)', [ref, size, n]);
  return ref;
};

/**
 * Many payloads of known bytes, together up to `MAX_PAYLOAD_BYTES`: their references, in order, and the call that stores them.
 * @throws Problem `request.too-large`
 */
export const storingPayloads = (contents: readonly Uint8Array[]): { refs: string[]; call: Call } => {
  if (contents.some(({ length }) => length > MAX_PAYLOAD_BYTES))
    throw problem('request.too-large', { where: 'payload' });
  const payloads = contents.map((content) => {
    const chunks = Array.from({ length: Math.ceil(content.length / PAYLOAD_CHUNK_BYTES) }, (_, n) =>
      content.subarray(n * PAYLOAD_CHUNK_BYTES, (n + 1) * PAYLOAD_CHUNK_BYTES),
    );
    return { ref: systemRandom.uuid(), size: content.length, chunks };
  });
  const rows = payloads.flatMap(({ ref, chunks }) => chunks.map((bytes, n) => ({ ref, n, bytes })));
  let start = 1;
  const starts = rows.map(({ bytes }) => (start += bytes.length) - bytes.length);
  const refs = payloads.map(({ ref }) => ref);
  const args = [
    refs,
    payloads.map(({ size }) => size),
    payloads.map(({ chunks }) => chunks.length),
    rows.map(({ ref }) => ref),
    rows.map(({ n }) => n),
    starts,
    rows.map(({ bytes }) => bytes.length),
    Buffer.concat(rows.map(({ bytes }) => bytes)),
  ];
  return { refs, call: { name: 'transit.put_payloads', args } };
};

/**
 * Stores many payloads of known bytes in the caller's transaction, in one statement.
 * @returns their references, in order, good once that commits
 * @throws Problem `request.too-large`
 */
export const putPayloads = async (tx: Tx, contents: readonly Uint8Array[]): Promise<string[]> => {
  if (contents.length === 0) return [];
  const { refs, call } = storingPayloads(contents);
  await callAll(tx, [call]);
  return refs;
};

/** @throws Problem `blob.missing` when it is not there or has been removed */
export async function* getPayload(db: Queryable, ref: string): AsyncGenerator<Uint8Array> {
  const missing = problem('blob.missing', { where: `payload ${ref.slice(0, 64)}` });
  if (!/^[0-9a-f-]{36}$/.test(ref)) throw missing;
  const { rows } = await db.query<{ chunks: number; bytes: Buffer | null }>(
    `SELECT p.chunks, c.bytes FROM transit.payload p LEFT JOIN transit.payload_chunk c ON c.ref = p.ref AND c.n = 0 WHERE p.ref = $1`,
    [ref],
  );
  const [first] = rows;
  if (!first || (first.chunks > 0 && !first.bytes)) throw missing;
  if (first.bytes) yield first.bytes;
  for (let n = 1; n < first.chunks; n++) {
    const chunk = await db.query<{ bytes: Buffer }>(
      'SELECT bytes FROM transit.payload_chunk WHERE ref = $1 AND n = $2',
      [ref, n],
    );
    if (!chunk.rows[0]) throw missing;
    yield chunk.rows[0].bytes;
  }
}

/** Removes payloads stored before an instant (ms). @returns how many */
export const removePayloadsBefore = async (db: Queryable, instant: number): Promise<number> => {
  const { rowCount } = await db.query('DELETE FROM transit.payload WHERE at < $1', [new Date(instant)]);
  return rowCount ?? 0;
};
