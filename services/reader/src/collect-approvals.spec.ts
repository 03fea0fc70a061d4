import type { Formula } from '@medshare/crypto';
import type { EmergencyApproval, Request } from '@medshare/events';
import { checkEmergency } from '@medshare/ledger';
import { CollectApprovals } from './collect-approvals.js';
import { TestReader } from './fixture/reader.fixture.js';

const leaves = ['ed@harbor', 'attending@harbor', 'ed@lakeside', 'ed@summit'];
const formula: Formula = { k: 2, of: leaves.map((leaf) => ({ leaf })) };

describe('approvals that are collected while the chain is away', () => {
  let test: TestReader;
  let request: Request;
  beforeAll(async () => void (test = await TestReader.open()), 90_000);
  beforeEach(async () => {
    await test.clear();
    await test.record('harbor', 'a record');
    request = { ...(await test.emergency()), formula: formula as Request['formula'] };
    test.roles.calls.length = 0;
    test.roles.logged.length = 0;
  });
  afterAll(() => test.roles.close());

  const collecting = () => new CollectApprovals(test.context);
  const collect = async () => (await collecting().collect(request)).map(({ leaf }) => leaf);
  const judged = (approvals: EmergencyApproval[]) =>
    checkEmergency(test.context.region, { request, approvals }, test.roles.clock.now());
  const named = () => test.roles.logged.map(({ fields }) => [fields['member'], fields['code']]);

  it('are asked of every holder of a leaf once, and suffice when custodians take them', async () => {
    test.approve(request, 'ed@harbor');
    const one = await collecting().collect(request);
    expect(collecting().suffice(request, one)).toBe(false);
    expect(() => judged(one)).toThrow('access.incomplete');
    test.approve(request, 'ed@summit');
    test.roles.calls.length = 0;
    const both = await collecting().collect(request);
    expect(test.roles.calls.map(({ to }) => to)).toEqual(['harbor', 'lakeside', 'summit']);
    expect(collecting().suffice(request, both)).toBe(true);
    expect(judged(both).leaves).toEqual(['ed@harbor', 'ed@summit']);
    expect(named()).toEqual([]);
  });

  const spoilt = (change: object) => {
    const sound = test.approve(request, 'ed@harbor', { at: test.roles.clock.now() - 1 });
    test.approvals.set('harbor', [{ ...sound, ...change }]);
  };
  it.each<[string, string, () => unknown]>([
    ['with a changed time', 'access.forged', () => spoilt({ approvedAt: test.roles.clock.now() })],
    ['of another request', 'access.forged', () => spoilt({ requestId: 'A'.repeat(43) })],
    ['without the signature', 'access.forged', () => spoilt({ signature: 'A'.repeat(86) })],
    ['without the leaf’s role', 'access.not-a-leaf', () => test.approve(request, 'ed@harbor', { role: 'clinician' })],
    [
      'from the future',
      'ledger.refused',
      () => test.approve(request, 'ed@harbor', { at: test.roles.clock.now() + 30_001 }),
    ],
    [
      'from before the ask',
      'ledger.refused',
      () => test.approve(request, 'ed@harbor', { at: request.issuedAt - 30_001 }),
    ],
    ['of who asked', 'access.self-approval', () => test.approve(request, 'ed@lakeside', { person: 'chen' })],
  ])('are left out and named %s: %s', async (_, code, plant) => {
    plant();
    const [[holder, planted]] = [...test.approvals] as [[string, EmergencyApproval[]]];
    const kept = test.approve(request, 'ed@summit');
    // what would happen if it were brought: custodians refuse all of it
    expect(() => judged([kept, ...planted])).toThrow(code);
    expect(await collect()).toEqual(['ed@summit']);
    expect(named()).toEqual([[holder, code]]);
  });

  it('are one for a leaf and one for a person, whoever else signs', async () => {
    test.approve(request, 'ed@harbor');
    test.approve(request, 'ed@harbor', { person: 'another' });
    test.approve(request, 'attending@harbor', { person: 'the-ed' });
    expect(await collect()).toEqual(['ed@harbor']);
    expect(named()).toEqual([
      ['harbor', 'request.replayed'],
      ['harbor', 'access.person-twice'],
    ]);
    test.approvals.clear();
    for (const leaf of leaves) test.approve(request, leaf);
    const all = await collecting().collect(request);
    expect(judged(all).leaves).toEqual([...leaves].sort());
  });

  it('come from the others when a holder is away', async () => {
    for (const leaf of ['ed@harbor', 'ed@lakeside', 'ed@summit']) test.approve(request, leaf);
    test.roles.away.add('harbor access.collect-approvals');
    expect(await collect()).toEqual(['ed@lakeside', 'ed@summit']);
    expect(named()).toEqual([['harbor', 'peer.unavailable']]);
  });

  it('suffice for no ordinary request, and not for an altered one', async () => {
    for (const leaf of ['ed@harbor', 'ed@summit']) test.approve(request, leaf);
    const approvals = await collecting().collect(request);
    const { emergency: _, ...ask } = request.ask;
    expect(collecting().suffice(request, approvals)).toBe(true);
    expect(collecting().suffice({ ...request, ask: { ...ask, purpose: 'TREAT' } }, approvals)).toBe(false);
    expect(collecting().suffice({ ...request, expiresAt: request.expiresAt - 1 }, approvals)).toBe(false);
  });
});
