import { equalBytes, toBase64url, verifyDocument } from '@medshare/crypto';
import { auditEntry, type AuditEntry } from '@medshare/events';
import { nodeHash, saltedLeaf, storedRoot, type Hash } from '@medshare/proofs';
import type { Finding, OnWalked, RoleContext } from '@medshare/role';
import { checkpointOf } from './make-checkpoint.js';
import { checkpointAt, listCheckpoints, readNode, type CheckpointRow, type EntryRow } from './store/log.js';

const page = 1000;

/** fsck: entries hash to their leaves, nodes to their parents, checkpoints to the tree, and the chain knows the newest. */
export async function* checkAudit(
  context: RoleContext,
  onChain: () => Promise<{ size: number; root: string } | undefined>,
  onWalked?: OnWalked,
): AsyncIterable<Finding> {
  yield* checkEntries(context, onWalked);
  yield* checkNodes(context, onWalked);
  yield* checkCheckpoints(context);
  yield* checkAnchored(context, await onChain());
}

type Row = EntryRow & {
  node: Buffer | null;
  time: Date;
  action: string;
  outcome: string;
  entities: string[] | null;
};

async function* checkEntries({ database, suite }: RoleContext, onWalked?: OnWalked): AsyncIterable<Finding> {
  const hash: Hash = (...parts) => suite.hash(...parts);
  const size = async () => Number((await database.query<{ size: string }>('SELECT size FROM head')).rows[0]?.size);
  const total = await size();
  let expected = 0;
  for (;;) {
    const { rows } = await database.query<Row>(
      `SELECT e.index, e.id, e.salt, e.leaf, e.bytes, e.time, e.action, e.outcome, n.hash AS node,
         (SELECT array_agg(kind || '|' || x.id) FROM entity x WHERE x.entry_index = e.index) AS entities
       FROM entry e LEFT JOIN node n ON n.level = 0 AND n.position = e.index
       WHERE e.index >= $1 ORDER BY e.index LIMIT $2`,
      [expected, page],
    );
    for (const row of rows) {
      const { index, id, salt, leaf, bytes, node } = row;
      const store = 'audit.entry ↔ audit.node';
      if (Number(index) !== expected)
        yield { store, id: String(expected), problem: 'missing', detail: `gap before ${index}` };
      expected = Number(index) + 1;
      if (!equalBytes(saltedLeaf(hash, salt, bytes), leaf))
        yield { store, id, problem: 'disagrees', detail: 'entry and leaf' };
      if (!node || !equalBytes(node, leaf)) yield { store, id, problem: 'disagrees', detail: 'leaf and tree' };
      if (!isIndexedTruly(row))
        yield {
          store: 'audit.entry ↔ its index',
          id,
          problem: 'disagrees',
          detail: 'what is searched and what is proven',
        };
    }
    onWalked?.('log entries', expected, Math.max(expected, total));
    if (rows.length < page) break;
  }
  const told = await size();
  if (told !== expected)
    yield {
      store: 'audit.head ↔ audit.entry',
      id: 'head',
      problem: 'disagrees',
      detail: `${told} and ${expected}`,
    };
}

/** Columns and entities are only for searching: changed, they would hide an entry that every proof still shows. */
function isIndexedTruly({ id, time, action, outcome, entities, bytes }: Row): boolean {
  let entry: AuditEntry;
  try {
    entry = auditEntry.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return false;
  }
  const listed = [...new Set(entry.entities.map((one) => `${one.kind}|${one.id}`))].sort();
  const columns = [id, time.getTime(), action, outcome, ...(entities ?? []).sort()];
  const told = [entry.id, entry.time, entry.action, entry.outcome, ...listed];
  return columns.length === told.length && columns.every((value, at) => value === told[at]);
}

async function* checkNodes({ database, suite }: RoleContext, onWalked?: OnWalked): AsyncIterable<Finding> {
  const hash: Hash = (...parts) => suite.hash(...parts);
  const counted = await database.query<{ total: number }>('SELECT count(*)::int AS total FROM node WHERE level > 0');
  const total = counted.rows[0]?.total ?? 0;
  let done = 0;
  for (let after = [0, -1]; ;) {
    const { rows } = await database.query<{
      level: number;
      position: string;
      hash: Buffer;
      l: Buffer | null;
      r: Buffer | null;
    }>(
      `SELECT n.level, n.position, n.hash, a.hash AS l, b.hash AS r FROM node n
       LEFT JOIN node a ON a.level = n.level - 1 AND a.position = 2 * n.position
       LEFT JOIN node b ON b.level = n.level - 1 AND b.position = 2 * n.position + 1
       WHERE n.level > 0 AND (n.level, n.position) > ($1, $2) ORDER BY n.level, n.position LIMIT $3`,
      [...after, page],
    );
    for (const { level, position, hash: value, l, r } of rows) {
      if (!l || !r || !equalBytes(nodeHash(hash, l, r), value))
        yield {
          store: 'audit.node',
          id: `${level}/${position}`,
          problem: 'disagrees',
          detail: 'not the hash of its children',
        };
    }
    done += rows.length;
    onWalked?.('log nodes', done, Math.max(done, total));
    const last = rows.at(-1);
    if (!last || rows.length < page) return;
    after = [last.level, Number(last.position)];
  }
}

/** Every checkpoint, the newest first. */
async function* checkCheckpoints(context: RoleContext): AsyncIterable<Finding> {
  for (let below = Number.MAX_SAFE_INTEGER; ;) {
    const rows = await listCheckpoints(context.database, page, below);
    for (const row of rows) yield* checkCheckpoint(context, row);
    const last = rows.at(-1);
    if (!last || rows.length < page) return;
    below = last.size;
  }
}

async function* checkCheckpoint(
  { database, suite, institution, signingKey }: RoleContext,
  row: CheckpointRow,
): AsyncIterable<Finding> {
  const hash: Hash = (...parts) => suite.hash(...parts);
  const { size, root, signature } = checkpointOf(institution, row);
  const id = String(size);
  const computed = await storedRoot(hash, size, (level, position) => readNode(database, level, position)).catch(
    () => new Uint8Array(0),
  );
  if (toBase64url(computed) !== root)
    yield { store: 'audit.checkpoint ↔ audit.node', id, problem: 'disagrees', detail: 'root' };
  if (!verifyDocument(suite, signingKey.publicKey, 'checkpoint', 1, { institution, size, root }, signature))
    yield { store: 'audit.checkpoint', id, problem: 'audit.proof', detail: 'signature' };
}

async function* checkAnchored(
  { database }: RoleContext,
  anchored: { size: number; root: string } | undefined,
): AsyncIterable<Finding> {
  if (!anchored) return;
  const own = await checkpointAt(database, anchored.size);
  if (!own || toBase64url(own.root) !== anchored.root)
    yield {
      store: 'audit.checkpoint ↔ chain',
      id: String(anchored.size),
      problem: 'disagrees',
      detail: 'the chain holds another head',
    };
}
