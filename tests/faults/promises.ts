import { join } from 'node:path';
import { readSecret } from '@medshare/app/run/secrets';
import { frame, suite, toBase64url } from '@medshare/crypto';
import { KeyedHashes } from '@medshare/ingest-service/keyed-hashes';
import { openFileKeys } from '@medshare/keys/file.driver';
import type pg from 'pg';

/** What became of one message, through every store; what is absent was not reached. */
interface Way {
  key: string;
  position: number;
  record: string | null;
  counter: number | null;
  sequence: number | null;
  anchored: boolean;
  onChain: number;
  block: number | null;
}

/** The embedded chain's state and Fabric's: an institution has one of them, the other is empty. */
const chainState = (where: string): string =>
  `(SELECT block FROM chain.state WHERE ${where} UNION ALL SELECT block FROM chain.fabric_state WHERE ${where}) AS c`;

const ofRecord = chainState(`key = 'anchor/harbor/' || r.tag`);
const ways = `SELECT m.key, m.position::int, r.id AS record, r.counter, a.sequence::int, a.state = 'anchored' AS anchored,
    (SELECT count(*)::int FROM ${ofRecord}) AS "onChain", (SELECT max(block)::int FROM ${ofRecord}) AS block
  FROM ingest.message m LEFT JOIN vault.record r ON r.id = m.record_id LEFT JOIN ledger.anchor a ON a.record_id = r.id`;

const anchorsOnChain = `SELECT count(*)::int AS n FROM ${chainState(`key LIKE 'anchor/harbor/%'`)}`;
const busy = `SELECT (SELECT count(*) FROM ingest.outbox) + (SELECT count(*) FROM classifier.outbox) + (SELECT count(*) FROM vault.outbox)
  + (SELECT count(*) FROM ledger.outbox) + (SELECT count(*) FROM audit.outbox)
  + (SELECT count(*) FROM ledger.anchor WHERE state = 'waiting') + (SELECT count(*) FROM ingest.message WHERE state = 'accepted')
  + (SELECT count(*) FROM bus.cursor c JOIN bus.head h ON h.topic = c.topic AND h.part = c.part WHERE c.off < h.next) = 0 AS quiet`;

/** The institution's own way of naming messages, so that its tables can be compared with what a sender counted. */
export async function hashesOf(data: string): Promise<KeyedHashes> {
  const folder = join(data, 'harbor');
  const keys = await openFileKeys({ path: join(folder, 'keys', 'key-encryption-key') });
  const secret = await readSecret(folder, 'patient', keys);
  return new KeyedHashes((system, value) =>
    toBase64url(suite('intl').hmac(secret, frame('medshare/patient/1', system, value))),
  );
}

export const anchorCount = async (client: pg.Client): Promise<number> =>
  (await client.query<{ n: number }>(anchorsOnChain)).rows[0]?.n ?? 0;

/** Whether nothing is on its way any more. */
export const isQuiet = async (client: pg.Client): Promise<boolean> =>
  (await client.query<{ quiet: boolean }>(busy)).rows[0]?.quiet ?? false;

/** How many messages, records and anchors harbor has. */
export interface Kept {
  readonly messages: number;
  readonly records: number;
  readonly anchors: number;
}

const nothingKept: Kept = { messages: 0, records: 0, anchors: 0 };
const kept = `SELECT (SELECT count(*)::int FROM ingest.message) AS messages, (SELECT count(*)::int FROM vault.record) AS records,
  (${anchorsOnChain}) AS anchors`;

export const keptBy = async (client: pg.Client): Promise<Kept> =>
  (await client.query<Kept>(kept)).rows[0] ?? nothingKept;

/**
 * Compares what was acknowledged with what stands in harbor's stores once all is quiet.
 * @param before what stood there before the first message
 * @returns one line for everything lost, doubled or out of order
 */
export async function brokenPromises(
  client: pg.Client,
  hashes: KeyedHashes,
  acknowledged: ReadonlyMap<string, readonly string[]>,
  before = nothingKept,
): Promise<string[]> {
  const { rows } = await client.query<Way>(ways);
  const byKey = new Map<string, Way[]>();
  for (const way of rows) byKey.set(way.key, [...(byKey.get(way.key) ?? []), way]);
  const broken: string[] = [];
  for (const [who, ids] of acknowledged) {
    const found = ids.map((id) => byKey.get(hashes.message('hl7v2', 'LAB', 'HARBOR', id)) ?? []);
    found.forEach((of, n) => broken.push(...judge(ids[n]!, of)));
    broken.push(...outOfOrder(who, found.flat()));
  }
  const promised = [...acknowledged.values()].flat().length;
  const now = await keptBy(client);
  for (const what of ['messages', 'records', 'anchors'] as const) {
    const found = now[what] - before[what];
    if (found !== promised) broken.push(`${promised} messages acknowledged, ${found} ${what}`);
  }
  return broken;
}

function judge(id: string, found: readonly Way[]): string[] {
  const [way] = found;
  if (!way) return [`lost: ${id}`];
  if (found.length > 1) return [`doubled: ${id}`];
  if (!way.record) return [`no record: ${id}`];
  if (!way.anchored || way.onChain !== 1) return [`not anchored: ${id}`];
  return [];
}

/** As sent, so accepted, sealed, submitted, and on the chain: there several may stand in one block. */
const outOfOrder = (who: string, sent: readonly Way[]): string[] =>
  (['position', 'counter', 'sequence', 'block'] as const)
    .filter((place) =>
      sent.some((way, n) => {
        const step = Number(way[place]) - Number(sent[n - 1]?.[place]);
        return n > 0 && (place === 'block' ? step < 0 : step <= 0);
      }),
    )
    .map((place) => `out of order by ${place}: ${who}`);
