import type { BusMessage } from '@medshare/bus';
import type { Tx } from '@medshare/database';
import { problem } from '@medshare/problems';

/** Tables beside the role's own: what was done, and what cannot be done for now. */
export const tables = `CREATE TABLE effect (seq serial, key text, n int); CREATE TABLE broken (key text, n int)`;

/** Writes a number down, unless it is said to be broken. */
export const effectOf =
  ({ key, value }: BusMessage) =>
  async (tx: Tx): Promise<void> => {
    const { n } = value as { n: number };
    const { rowCount } = await tx.query('SELECT 1 FROM broken WHERE key = $1 AND n = $2', [key, n]);
    if (rowCount !== 0) throw problem('fhir.invalid', { where: `n ${n}` });
    await tx.query('INSERT INTO effect (key, n) VALUES ($1, $2)', [key, n]);
  };

/** @returns what is wrong with the effects of a stream, in words */
export function complaints(found: readonly number[], wanted: readonly number[]): string[] {
  const once = [...new Set(found)];
  return [
    ...wanted.filter((n) => !found.includes(n)).map((n) => `lost: ${n}`),
    ...once.filter((n) => !wanted.includes(n)).map((n) => `given up, and done: ${n}`),
    ...once.filter((n) => found.indexOf(n) !== found.lastIndexOf(n)).map((n) => `doubled: ${n}`),
    ...(once.some((n, at) => at > 0 && n < once[at - 1]!) ? [`out of order: ${found.join()}`] : []),
  ];
}
