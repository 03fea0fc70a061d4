import { verifyAuditProof } from '@medshare/client';
import { fromBase64url, toBase64url, verifyDocument } from '@medshare/crypto';
import { rootOf, verifyConsistency } from '@medshare/proofs';
import { TestLog } from './fixture/log.fixture.js';

describe('checkpoints and proofs of the audit log', () => {
  let log: TestLog;
  beforeAll(async () => void (log = await TestLog.open()), 90_000);
  beforeEach(() => log.clear());
  afterAll(() => log.roles.close());

  const hash = (...parts: Uint8Array[]) => log.context.suite.hash(...parts);
  const made = async () =>
    (await log.context.database.query<{ id: string }>('SELECT id FROM outbox ORDER BY seq')).rows.map(({ id }) => id);

  it('makes none of an empty log, and one only when the log grew', async () => {
    expect(await log.checkpoints.make()).toBeUndefined();
    await log.add(3);
    const first = await log.checkpoints.make();
    expect(await log.checkpoints.make()).toEqual(first);
    await log.add(1);
    expect(await (await log.replica()).checkpoints.make()).toMatchObject({ size: 4 });
    expect(await made()).toEqual(['checkpoint/3', 'checkpoint/4']);
  });

  it.each([1, 2, 3, 7, 8, 13])('signs the root over all of %d leaves', async (size) => {
    await log.add(size);
    const { signature, root } = (await log.checkpoints.make())!;
    const leaves = (await log.rows()).map(({ leaf }) => leaf);
    expect(root).toBe(toBase64url(rootOf(hash, leaves)));
    const body = { institution: 'harbor', size, root };
    const { publicKey } = log.context.signingKey;
    expect(verifyDocument(log.context.suite, publicKey, 'checkpoint', 1, body, signature)).toBe(true);
  });

  it('proves every entry to who has the client and the audit key only', async () => {
    const entries = await log.add(11);
    const auditKey = log.context.region.members[0]!.keys.audit;
    for (const entry of entries) {
      const proof = await log.proofs.inclusion(entry.id);
      expect(verifyAuditProof({ suite: 'intl', auditKey, institution: 'harbor' }, proof)).toEqual(entry);
    }
    const proof = await log.proofs.inclusion(entries[0]!.id);
    const other = {
      suite: 'intl' as const,
      auditKey: log.context.region.members[1]!.keys.audit,
      institution: 'harbor',
    };
    expect(() => verifyAuditProof(other, proof)).toThrow(/signed/);
  });

  it('proves that every checkpoint continues the earlier ones', async () => {
    const sizes: number[] = [];
    for (const grow of [1, 2, 4, 6]) {
      await log.add(grow);
      sizes.push((await log.checkpoints.make())!.size);
    }
    for (const [at, first] of sizes.entries()) {
      for (const second of sizes.slice(at)) {
        const { from, to, proof } = await log.proofs.consistency(first, second);
        const steps = proof.map(fromBase64url);
        const given = {
          first,
          second,
          firstRoot: fromBase64url(from.root),
          secondRoot: fromBase64url(to.root),
          proof: steps,
        };
        expect([first, second, verifyConsistency({ hash, ...given })]).toEqual([first, second, true]);
        const forged = { ...given, firstRoot: fromBase64url(to.root) };
        if (first < second) expect(verifyConsistency({ hash, ...forged })).toBe(false);
      }
    }
  });

  it('knows neither strange entries nor sizes without a checkpoint', async () => {
    await log.add(3);
    await log.checkpoints.make();
    for (const id of ['x', '', '00000000-0000-4000-8000-000000000000', "' OR 1=1"])
      await expect(log.proofs.inclusion(id)).rejects.toMatchObject({ code: 'request.not-found' });
    for (const [from, to] of [
      [1, 3],
      [3, 4],
      [0, 3],
      [3, 1],
    ] as const)
      await expect(log.proofs.consistency(from, to)).rejects.toMatchObject({ code: 'request.not-found' });
  });
});
