import { toBase64url, verifyDocument } from '@medshare/crypto';
import type { AuditReceipt } from '@medshare/events';
import { problem } from '@medshare/problems';
import { rootOf, storedRoot } from '@medshare/proofs';
import { TestLog } from './fixture/log.fixture.js';
import { readNode } from './store/log.js';

describe('appending to the audit log', () => {
  let log: TestLog;
  beforeAll(async () => void (log = await TestLog.open()), 90_000);
  beforeEach(() => log.clear());
  afterAll(() => log.roles.close());

  const hash = (...parts: Uint8Array[]) => log.context.suite.hash(...parts);
  const expectWhole = async (count: number) => {
    const rows = await log.rows();
    expect(rows.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, at) => at));
    const stored = await storedRoot(hash, count, (level, position) => readNode(log.context.database, level, position));
    const leaves = rows.map(({ leaf }) => leaf);
    expect(toBase64url(stored)).toBe(toBase64url(rootOf(hash, leaves)));
  };

  it('answers with a receipt that the audit key signed over the leaf', async () => {
    const entry = log.entry();
    const { signature, ...body } = await log.append.record(entry);
    const [row] = await log.rows();
    expect(body).toEqual({
      version: 1,
      entryId: entry.id,
      institution: 'harbor',
      leaf: toBase64url(row!.leaf),
      time: entry.time,
    });
    expect(
      verifyDocument(log.context.suite, log.context.signingKey.publicKey, 'audit-receipt', 1, body, signature),
    ).toBe(true);
  });

  it('gives the same id the same receipt and one entry, at once, later and with another time', async () => {
    const entry = log.entry();
    const [first, second] = await Promise.all([log.append.record(entry), log.append.record(entry)]);
    const later = await log.append.record({ ...entry, time: entry.time + 1000 });
    const bare = (receipt: AuditReceipt) => ({ ...receipt, signature: '' });
    expect([bare(second), bare(later)]).toEqual([bare(first), bare(first)]);
    await expectWhole(1);
  });

  it('gives no receipt for another fact under a known id', async () => {
    const entry = log.entry();
    await log.append.record(entry);
    const other = { ...entry, action: 'fragments.released' as const };
    const [mine, theirs] = await Promise.allSettled([log.append.record(log.entry()), log.append.record(other)]);
    expect(mine.status).toBe('fulfilled');
    expect(theirs).toMatchObject({ status: 'rejected', reason: { code: 'request.conflict' } });
    await expectWhole(2);
  });

  it('keeps one order without gaps with several replicas at once', async () => {
    const replicas = [log, await log.replica(), await log.replica()];
    const shared = log.entry();
    const told = replicas.flatMap((replica) => [
      ...Array.from({ length: 60 }, () => replica.append.record(log.entry())),
      replica.append.record(shared),
    ]);
    const receipts = await Promise.all(told);
    await expectWhole(181);
    expect(new Set(receipts.map(({ leaf }) => leaf)).size).toBe(181);
  });

  it('goes on where it stopped after a restart', async () => {
    await log.add(5);
    const again = await log.replica();
    await again.add(4);
    await expectWhole(9);
  });

  it('writes many that wait together in few transactions', async () => {
    const { transaction } = log.context.database;
    let transactions = 0;
    const counted = Object.assign(Object.create(log.context.database) as typeof log.context.database, {
      transaction: (...given: Parameters<typeof transaction>) => {
        transactions += 1;
        return transaction(...given);
      },
    });
    const counting = new TestLog(log.roles, { ...log.context, database: counted });
    await counting.add(700);
    expect(transactions).toBeLessThan(5);
    await expectWhole(700);
  });

  it('rejects when the database fails, with nothing half written, and then goes on', async () => {
    await log.add(3);
    await log.context.database.query('ALTER TABLE head ADD CONSTRAINT no_room CHECK (size < 5)');
    const failed = await Promise.allSettled([log.append.record(log.entry()), log.append.record(log.entry())]);
    expect(failed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expectWhole(4);
    const { rows } = await log.context.database.query<{ level: number }>('SELECT level FROM node');
    expect(rows).toHaveLength(7);
    await log.context.database.query('ALTER TABLE head DROP CONSTRAINT no_room');
    await log.add(2);
    await expectWhole(6);
  });

  it('lets one entry that cannot be written fail alone', async () => {
    const poison = log.entry({ entities: [{ kind: 'ask', id: 'no\0text' }] });
    const told = [log.entry(), log.entry(), poison, log.entry()].map((entry) => log.append.record(entry));
    const results = await Promise.allSettled(told);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    await expectWhole(3);
  });

  it('refuses more than can wait, and nobody stays without an answer', async () => {
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const stuck = {
      ...log.context.database,
      transaction: () => held.then(() => Promise.reject(problem('storage.unavailable', { where: 'held' }))),
    };
    const full = new TestLog(log.roles, { ...log.context, database: stuck });
    const entry = log.entry();
    const told = Promise.allSettled(Array.from({ length: 20_002 }, () => full.append.record(entry)));
    await expect(full.append.record(entry)).rejects.toMatchObject({ code: 'storage.unavailable', where: 'audit' });
    release();
    const reasons = (await told).map((one) =>
      one.status === 'rejected' ? (one.reason as { where: string }).where : '',
    );
    expect(new Set(reasons)).toEqual(new Set(['held', 'audit']));
    expect(reasons.filter((where) => where === 'held')).toHaveLength(20_001);
  });
});
