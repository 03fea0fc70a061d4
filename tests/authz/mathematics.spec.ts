import { join } from 'node:path';
import { unframe, type Deal } from '@medshare/crypto';
import { openIpfsFiles } from '@medshare/blobs/ipfs-files.driver';
import type { EmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import type { AskResponse } from '@medshare/events';
import { openFileKeys } from '@medshare/keys/file.driver';
import { audited, startDemo, until, type Demo } from '../harness/demo.js';
import { rowsOf, serverOf } from '../harness/disk.js';
import { HandReader, secretOf, type Asked } from '../harness/hand-reader.js';
import { admission, hivTest, identifierOf, patient, sodium } from '../harness/messages.js';
import { authorizes, breakOpen, leavesIn, maximalUnauthorized, type Loot, type Target } from './break-open.js';

const mei = patient(31);
const sensitive = 'sensitive:hiv';
const members = ['harbor', 'lakeside', 'summit'];

/** The demo runs, a sensitive record is asked for and half approved; then it stops, and only its disks are left. */
describe('by mathematics', () => {
  let demo: Demo;
  let server: EmbeddedPostgres;
  let found: Asked;
  let asked: AskResponse;
  const targets = new Map<string, Target>();
  const shares = new Map<string, Map<string, Uint8Array>>();
  let readerKey: Uint8Array;

  beforeAll(async () => {
    demo = await startDemo();
    await demo.send('harbor', admission(mei), sodium(mei), hivTest(mei));
    await until('anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 3, 60_000);
    const reader = await HandReader.of(demo, 'dr.chen', 'lakeside');
    const wish = { identifier: identifierOf(mei), owner: 'harbor', class: sensitive };
    found = await until('shareable', async () => {
      const one = await reader.ask(wish);
      return one.proposals.some(({ class: name }) => name === sensitive) && one.proposals.length > 1 && one;
    });
    await reader.close();
    asked = await halfApproved(demo);
    await demo.stop();
    server = await serverOf(demo.data);
    readerKey = await readerKeyOf(demo.data, server, asked.askId);
    for (const name of ['ordinary', sensitive]) {
      const { deal } = found.proposals.find((one) => one.class === name)!;
      targets.set(name, await targetOf(demo.data, found, deal));
      shares.set(name, await sharesOf(demo.data, server, deal.id));
    }
  }, 150_000);

  afterAll(async () => {
    await server?.stop();
    await demo?.stop();
    await demo?.remove();
  }, 60_000);

  const loot = async (name: string, institutions: string[]): Promise<Loot> => {
    const own = (leaf: string) => institutions.some((id) => leaf.endsWith(`@${id}`));
    const secrets = await Promise.all(institutions.map((id) => secretsOf(demo.data, server, id)));
    return {
      readerKey,
      secrets: secrets.flat(),
      shares: new Map([...shares.get(name)!].filter(([leaf]) => own(leaf))),
    };
  };

  it('no fragment has left any vault for a request whose formula is not fulfilled', async () => {
    const requestOf = (name: string) => asked.requests.find((one) => one.class === name)!.requestId;
    for (const id of members) {
      const released = await rowsOf<{ request_id: string }>(
        server,
        id,
        'SELECT DISTINCT request_id FROM vault.release',
      );
      expect(released.map((row) => row.request_id)).not.toContain(requestOf(sensitive));
    }
    // the control: what was granted has left two of them
    const counts = await Promise.all(
      members.map((id) =>
        rowsOf(server, id, 'SELECT 1 FROM vault.release WHERE request_id = $1', [requestOf('ordinary')]),
      ),
    );
    expect(counts.filter((rows) => rows.length > 0)).toHaveLength(2);
  });

  it.each(['ordinary', sensitive])(
    'takes every byte on disk of all leaf holders but one needed, plus the reader’s key, and cannot open: %s',
    async (name) => {
      const target = targets.get(name)!;
      const { opened, tried } = await breakOpen(target, await loot(name, ['lakeside']));
      expect(opened).toBeUndefined();
      expect(tried).toBeGreaterThan(5);
      // the control: the same with the missing holder's bytes
      const complete = await breakOpen(target, await loot(name, ['lakeside', 'summit']));
      expect(textOf(complete.opened)).toContain(name === sensitive ? '75622-1' : 'Patient');
    },
    60_000,
  );

  it.each(['ordinary', sensitive])(
    'no set of leaves short of the formula opens, each with any further one does: %s',
    async (name) => {
      const target = targets.get(name)!;
      const all = shares.get(name)!;
      expect([...all.keys()].sort()).toEqual(leavesIn(target.deal).sort());
      const short = maximalUnauthorized(target.deal);
      expect(short.length).toBeGreaterThanOrEqual(3);
      for (const set of short) {
        const only = (leaves: string[]) => new Map(leaves.map((leaf) => [leaf, all.get(leaf)!]));
        const without = await breakOpen(target, { readerKey, secrets: [], shares: only(set) });
        expect([set, without.opened]).toEqual([set, undefined]);
        const missing = leavesIn(target.deal).find((leaf) => !set.includes(leaf))!;
        expect(authorizes(target.deal, [...set, missing])).toBe(true);
        const whole = await breakOpen(target, { readerKey, secrets: [], shares: only([...set, missing]) });
        expect([set, missing, whole.opened?.length]).toEqual([set, missing, expect.any(Number)]);
      }
    },
    90_000,
  );

  it('the owner’s own wrap opens what the owner made: the way in which secrets are tried works', async () => {
    const target = targets.get(sensitive)!;
    const { opened } = await breakOpen(target, {
      readerKey,
      shares: new Map(),
      secrets: await secretsOf(demo.data, server, 'harbor'),
    });
    expect(textOf(opened)).toContain('75622-1');
  }, 60_000);
});

/** Ordinary is granted and opened; of the sensitive formula one person of two has approved, and both custodians. */
async function halfApproved(demo: Demo): Promise<AskResponse> {
  const doctor = demo.as('dr.chen', 'lakeside');
  const asked = await doctor.ask({ identifier: identifierOf(mei), purpose: 'TREAT', relation: 'treating', days: 7 });
  const officer = demo.as('officer.li', 'harbor');
  const pending = await until('the officer sees it', async () =>
    (await officer.approvals()).find((one) => one.class === sensitive),
  );
  expect(await officer.approve(pending)).toMatchObject({ granted: false });
  const { opened } = await until('ordinary opened', async () => {
    const answer = await doctor.open(asked.askId);
    return answer.opened.length > 0 && answer;
  });
  expect(opened.map((one) => one.class)).not.toContain(sensitive);
  return asked;
}

async function targetOf(data: string, { records }: Asked, deal: Deal): Promise<Target> {
  const sections = records.flatMap(({ manifest }) => manifest.sections.map((section) => ({ manifest, section })));
  const { manifest, section } = sections.find((one) => one.section.capsule?.deal === deal.id)!;
  const blobs = await openIpfsFiles({ path: join(data, 'harbor', 'blobs') });
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.get(section.cid)) chunks.push(chunk);
  return { deal, manifest, section, ciphertext: Buffer.concat(chunks) };
}

const keysOf = (data: string, institution: string) =>
  openFileKeys({ path: join(data, institution, 'keys', 'key-encryption-key') });

async function sharesOf(data: string, server: EmbeddedPostgres, dealId: string): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const id of members) {
    const keys = await keysOf(data, id);
    const sql = 'SELECT leaf, wrapped_share FROM vault.leaf WHERE deal_id = $1';
    for (const { leaf, wrapped_share } of await rowsOf<{ leaf: string; wrapped_share: Buffer }>(server, id, sql, [
      dealId,
    ]))
      found.set(leaf, await keys.unwrap(wrapped_share, `leaf/${dealId}/${leaf}`));
  }
  return found;
}

async function readerKeyOf(data: string, server: EmbeddedPostgres, askId: string): Promise<Uint8Array> {
  const [row] = await rowsOf<{ reader_key: Buffer }>(
    server,
    'lakeside',
    'SELECT reader_key FROM reader.ask WHERE id = $1',
    [askId],
  );
  return (await keysOf(data, 'lakeside')).unwrap(row!.reader_key, `reader/${askId}`);
}

/** Everything else that an institution's key-encryption key unwraps. */
async function secretsOf(data: string, server: EmbeddedPostgres, institution: string): Promise<Uint8Array[]> {
  const keys = await keysOf(data, institution);
  const unwrapped = async (sql: string, context: string): Promise<Uint8Array[]> =>
    Promise.all(
      (await rowsOf<{ id: string; wrapped: Buffer }>(server, institution, sql)).map(({ id, wrapped }) =>
        keys.unwrap(wrapped, `${context}/${id}`),
      ),
    );
  const files = ['ledger', 'vault', 'access', 'reader', 'audit', 'patient', 'oprf'];
  return [
    ...(await Promise.all(files.map((name) => secretOf(data, institution, name)))),
    ...(await unwrapped('SELECT id, wrapped_key AS wrapped FROM vault.section', 'section')),
    ...(await unwrapped('SELECT id, reader_key AS wrapped FROM reader.ask WHERE reader_key IS NOT NULL', 'reader')),
  ];
}

const textOf = (plaintext: Uint8Array | undefined): string =>
  Buffer.from(plaintext ? (unframe(plaintext)[2] ?? []) : []).toString();
