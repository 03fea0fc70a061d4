import type pg from 'pg';
import { Chance } from '../chance.js';

interface Entry {
  topic: string;
  part: number;
  id: string;
  key: string;
  headers: string;
  value: string;
}

/** Messages of one append. */
const batch = 500;

/**
 * Puts what stands in an institution's bus on it again, in any order, each at least once while `wanted` suffices.
 * @returns how many were delivered again
 */
export async function redeliver(client: pg.Client, chance: Chance, wanted: number): Promise<number> {
  const { rows } = await client.query<Entry>(
    'SELECT topic, part, id, key, headers, value FROM bus.entry ORDER BY topic, part, off',
  );
  const [first] = rows;
  if (!first) return 0;
  let left = wanted;
  let order: Entry[] = [];
  while (left > 0) {
    if (order.length === 0) order = chance.shuffled(rows);
    const some = order.splice(0, Math.min(batch, left));
    const column = <K extends keyof Entry>(name: K) => some.map((entry) => entry[name]);
    await client.query('SELECT bus.append($1, $2, $3, $4, $5, $6)', [
      column('topic'),
      column('part'),
      column('id'),
      column('key'),
      column('headers'),
      column('value'),
    ]);
    left -= some.length;
  }
  return wanted;
}

/** What events bring about, by table: none of it may change when they come again. */
const effects: Readonly<Record<string, string>> = {
  'ingest.message': 'SELECT t::text FROM ingest.message t',
  'classifier.review': 'SELECT t::text FROM classifier.review t',
  'vault.record': 'SELECT t::text FROM vault.record t',
  'vault.deal': 'SELECT id || document::text AS t FROM vault.deal',
  'vault.index_key': 'SELECT t::text FROM vault.index_key t',
  'ledger.anchor': 'SELECT t::text FROM ledger.anchor t',
  'audit.entry': 'SELECT id::text || action AS t FROM audit.entry',
  'chain.state':
    "SELECT key || encode(sha256(value::text::bytea), 'hex') AS t FROM chain.state WHERE key LIKE 'anchor/%' OR key LIKE 'conflict/%'",
};

/** One line an effect, sorted: two equal lists are one and the same state. */
export async function effectsOf(client: pg.Client): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const [table, query] of Object.entries(effects)) {
    const { rows } = await client.query<{ t: string }>(query);
    found.set(table, rows.map(({ t }) => t).sort());
  }
  return found;
}

/** @returns one line a table that is not as it was */
export function changes(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): string[] {
  return [...before].flatMap(([table, was]) => {
    const is = after.get(table) ?? [];
    const [known, come] = [new Set(is), is.length - was.length];
    const gone = was.filter((line) => !known.has(line));
    return gone.length === 0 && come === 0
      ? []
      : [`${table}: ${was.length} effects before, ${is.length} after, ${gone.length} of them changed`];
  });
}
