import { readCopies } from '@medshare/blobs';
import { acceptShare, canonical, checkDeal, openBytes, suite, verifyDocument, type Deal } from '@medshare/crypto';
import { satisfies } from '@medshare/crypto/formula';
import { indexTag } from '@medshare/crypto/oprf';
import type { Queryable } from '@medshare/database';
import { lookUpAnchors, readState, type Anchor, type Manifest } from '@medshare/events';
import { asProblem } from '@medshare/problems';
import type { Finding, OnWalked, RoleContext } from '@medshare/role';
import { leafContext } from './accept-leaf.js';
import { indexContext } from './index-patient.js';
import { institutionOf, memberOf } from './members.js';
import { sectionContext } from './seal-section.js';
import { checkManifest, openManifest } from './sealed-manifest.js';
import { contentHolds } from './section-content.js';
import { emergencyReleases } from './store/emergencies.js';
import {
  countRows,
  pageOf,
  type CheckedDeal,
  type CheckedLeaf,
  type CheckedRecord,
  type CheckedSection,
} from './store/pages.js';

type Parts = Pick<RoleContext, 'institution' | 'region' | 'suite' | 'blobs' | 'keyEncryption' | 'peers'> & {
  readonly database: Queryable;
};

/** How the copy of the chain is read: through the own ledger role, or straight where that does not run. */
type AnchorAt = (tag: string) => Promise<unknown>;

const throughLedgerRole =
  ({ peers, institution }: Parts): AnchorAt =>
  async (tag) => {
    const { anchors } = await peers.call(lookUpAnchors, institution, { institution, tags: [tag] });
    return anchors[0]?.anchor;
  };

/** A document of the chain by its key. */
type StateAt = (key: string) => Promise<unknown>;

const stateThroughLedgerRole =
  ({ peers, institution }: Parts): StateAt =>
  async (key) =>
    (await peers.call(readState, institution, { keys: [key] })).entries[0]?.value;

/** Records read at the same time: who waits for blobs that are elsewhere waits for several. */
const atOnce = 4;

const agree = {
  records: 'vault.record ↔ blobs',
  chain: 'vault.record ↔ chain',
  counters: 'vault.index_key ↔ vault.record',
};

/** fsck: records, blobs, chain, counters, deals and leaves agree with each other. Reads every byte that is sealed. */
export async function* checkVault(
  context: Parts,
  anchorAt: AnchorAt = throughLedgerRole(context),
  stateAt: StateAt = stateThroughLedgerRole(context),
  onWalked?: OnWalked,
): AsyncIterable<Finding> {
  const check = async (record: CheckedRecord): Promise<Finding[]> => [
    ...checkAnchor(await anchorAt(record.tag), record),
    ...(await collect(checkRecord(context, record))),
  ];
  const { database } = context;
  const total = await countRows(database);
  const records = counted('records', pageOf.records(database), total.records, onWalked);
  for await (const some of inBatches(records, atOnce))
    for (const findings of await Promise.all(some.map(check))) yield* findings;
  yield* checkCounters(context);
  for await (const deal of counted('deals', pageOf.deals(database), total.deals, onWalked))
    yield* checkOwnDeal(context, deal);
  for await (const leaf of counted('leaves', pageOf.leaves(database), total.leaves, onWalked))
    yield* checkLeaf(context, leaf);
  yield* checkEmergencies(context, stateAt);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Tells after each item that was taken. */
async function* counted<T>(
  store: string,
  items: AsyncIterable<T>,
  total: number,
  onWalked?: OnWalked,
): AsyncIterable<T> {
  let done = 0;
  for await (const item of items) {
    yield item;
    done += 1;
    onWalked?.(store, done, Math.max(done, total));
  }
}

async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncIterable<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** What left while the chain was away must come to stand on it: until then it is named, for nobody else could miss it. */
async function* checkEmergencies({ database }: Parts, stateAt: StateAt): AsyncIterable<Finding> {
  for await (const release of emergencyReleases(database)) {
    const { requestId, leaf, entry, releasedAt } = release;
    const found = await stateAt(`emergency-release/${requestId}/${leaf}/${entry}`);
    const finding = (problem: string, detail: string): Finding => ({
      store: 'vault.emergency_release ↔ chain',
      id: requestId,
      problem,
      detail,
    });
    const when = new Date(releasedAt).toISOString();
    if (found === undefined) yield finding('missing', `${leaf} released at ${when} without the chain, not on it`);
    else if (canonical(found as never) !== canonical(release as never))
      yield finding('disagrees', `the chain holds another statement of the release by ${leaf}`);
  }
}

async function* checkRecord(context: Parts, record: CheckedRecord): AsyncIterable<Finding> {
  const { id, anchor, manifestCid } = record;
  const finding = (problem: string, detail: string): Finding => ({ store: agree.records, id, problem, detail });
  if (anchor.manifest !== manifestCid) yield finding('disagrees', 'the anchor names another manifest');
  const stored = await readBlob(context, manifestCid);
  if (typeof stored === 'string') yield finding(stored, `manifest ${manifestCid}`);
  else {
    if (!stored.bytes.equals(record.manifest)) yield finding('disagrees', `manifest ${manifestCid}`);
    if (stored.few) yield finding('few-copies', `manifest ${manifestCid}: ${stored.few}`);
  }
  const manifest = await manifestOf(context, record).catch((caught: unknown) => asProblem(caught).code);
  if (typeof manifest === 'string')
    return yield { store: 'vault.record', id, problem: manifest, detail: 'sealed manifest' };
  if (manifest.record !== id)
    yield { store: 'vault.record', id, problem: 'disagrees', detail: 'the manifest is of another record' };
  yield* checkSections(context, record, manifest);
  return undefined;
}

async function manifestOf(
  context: Parts,
  { anchor, wrappedIndex, indexId, counter, manifest }: CheckedRecord,
): Promise<Manifest> {
  const { region, institution, keyEncryption } = context;
  const used = suite(anchor.suite);
  const key = await keyEncryption.unwrap(wrappedIndex, indexContext(indexId));
  const place = {
    region: region.region,
    institution,
    tag: indexTag(context.suite, key, region.region, institution, counter),
  };
  const opened = await openManifest(used, key, place, manifest);
  checkManifest(used, memberOf(region, institution)?.keys.vault ?? '', place, anchor, opened);
  return opened;
}

async function* checkSections(
  context: Parts,
  { id, sections }: CheckedRecord,
  manifest: Manifest,
): AsyncIterable<Finding> {
  const known = new Map(sections.map((section) => [section.id, section]));
  if (known.size !== manifest.sections.length)
    yield {
      store: 'vault.section',
      id,
      problem: 'disagrees',
      detail: `${known.size} of ${manifest.sections.length} sections`,
    };
  for (const sealed of manifest.sections) {
    const row = known.get(sealed.section);
    const finding = (problem: string): Finding => ({
      store: 'vault.section ↔ blobs',
      id: sealed.section,
      problem,
      detail: `record ${id}`,
    });
    if (!row || row.cid !== sealed.cid || (row.dealId ?? undefined) !== sealed.capsule?.deal)
      yield finding('disagrees');
    else yield* checkContent(context, id, manifest, sealed, row, finding);
  }
}

async function* checkContent(
  context: Parts,
  record: string,
  manifest: Manifest,
  { section, epoch, content, cid, size }: Manifest['sections'][number],
  { wrappedKey }: CheckedSection,
  finding: (problem: string) => Finding,
): AsyncIterable<Finding> {
  const used = suite(manifest.suite);
  const stored = await readBlob(context, cid);
  if (typeof stored === 'string') return yield finding(stored);
  const { bytes, few } = stored;
  if (bytes.length !== size) yield finding('disagrees');
  if (few) yield finding('few-copies');
  try {
    const key = await context.keyEncryption.unwrap(wrappedKey, sectionContext(section));
    const plaintext = await openBytes(used, { key, use: 'section', record, section, epoch }, bytes);
    if (!contentHolds(used, plaintext, content)) yield finding('vault.tampered');
  } catch {
    yield finding('vault.tampered');
  }
  return undefined;
}

function* checkAnchor(found: unknown, { id, anchor, tag }: CheckedRecord): Iterable<Finding> {
  if (anchor.tag !== tag) yield { store: 'vault.record', id, problem: 'disagrees', detail: 'tag and anchor' };
  if (!found) yield { store: agree.chain, id, problem: 'missing', detail: 'sealed here, not on the chain' };
  else if (canonical(found) !== canonical(anchor satisfies Anchor))
    yield { store: agree.chain, id, problem: 'disagrees', detail: 'the chain holds other content under its tag' };
}

/** Counters are allocated one after the other: a gap is a lost record. */
async function* checkCounters({ database }: Parts): AsyncIterable<Finding> {
  const { rows } = await database.query<{ id: string; next: number; records: number; highest: number }>(
    `SELECT i.id, i.next_counter AS next, count(r.id)::int AS records, coalesce(max(r.counter), -1) AS highest
     FROM index_key i LEFT JOIN record r ON r.index_id = i.id GROUP BY i.id
     HAVING count(r.id) <> i.next_counter OR coalesce(max(r.counter), -1) <> i.next_counter - 1 ORDER BY i.id`,
  );
  for (const { id, next, records, highest } of rows) {
    const detail = `${next} counters allocated, ${records} records, highest ${highest}`;
    yield { store: agree.counters, id, problem: records < next ? 'missing' : 'doubled', detail };
  }
}

async function* checkOwnDeal(
  { region, suite: used }: Parts,
  { deal, deliveries, shareable }: CheckedDeal,
): AsyncIterable<Finding> {
  const finding = (problem: string, detail: string): Finding => ({ store: 'vault.deal', id: deal.id, problem, detail });
  const wrong = dealProblem(used, deal);
  if (wrong) yield finding('vault.deal', wrong);
  const signed = deliveries.filter(({ acknowledgement }) => acknowledgement !== null);
  for (const { leaf, acknowledgement } of signed) {
    const institution = institutionOf(leaf);
    const content = { dealId: deal.id, leaf, institution };
    const key = memberOf(region, institution)?.keys.vault ?? '';
    if (!verifyDocument(used, key, 'leaf-accepted', 1, content, acknowledgement ?? ''))
      yield finding('access.forged', `acknowledgement of ${leaf}`);
  }
  if (shareable !== satisfies(deal.formula, new Set(signed.map(({ leaf }) => leaf))))
    yield finding('disagrees', 'shareable without an authorized set, or not with one');
}

async function* checkLeaf(
  { suite: used, keyEncryption }: Parts,
  { deal, leaf, dealId, wrapped }: CheckedLeaf,
): AsyncIterable<Finding> {
  const finding = (problem: string, detail: string): Finding => ({ store: 'vault.leaf', id: dealId, problem, detail });
  const wrong = deal.id === dealId ? dealProblem(used, deal) : 'stands under another id';
  if (wrong) return yield finding('vault.deal', wrong);
  try {
    const share = await keyEncryption.unwrap(wrapped, leafContext(dealId, leaf));
    acceptShare(used, deal, leaf, share);
    share.fill(0);
  } catch {
    yield finding('vault.share', leaf);
  }
  return undefined;
}

function dealProblem(used: Parts['suite'], deal: Deal): string | undefined {
  try {
    checkDeal(used, deal);
    return undefined;
  } catch (caught) {
    return caught instanceof Error ? caught.message : 'does not verify';
  }
}

/**
 * Reads every copy of a blob; nothing is fetched from others.
 * @returns the bytes, or the problem's code, and how many copies are whole of how many, where some are missing
 */
async function readBlob({ blobs }: Parts, cid: string): Promise<{ bytes: Buffer; few?: string } | string> {
  try {
    const { places, whole, content } = await readCopies(blobs, cid);
    if (places === 0) return 'missing';
    // copies that are all damaged may make a whole one together
    const bytes = content ?? Buffer.concat(await collect(blobs.get(cid)));
    return whole < blobs.wanted ? { bytes, few: `${whole} of ${blobs.wanted} copies` } : { bytes };
  } catch (caught) {
    return asProblem(caught).code;
  }
}
