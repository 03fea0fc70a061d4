import { verifyDocument, fromBase64url } from '@medshare/crypto';
import { event } from '@medshare/events';
import { problem } from '@medshare/problems';
import { eventually } from '@medshare/testkit';
import { ChainConsumer } from './entry/chain.consumer.js';
import { FollowChain } from './follow-chain.js';
import { TestAccess } from './fixture/access.fixture.js';

type Requested = Awaited<ReturnType<TestAccess['requested']>>;

describe('from a notice to approval and revocation', () => {
  let test: TestAccess;
  beforeAll(async () => void (test = await TestAccess.open()), 90_000);
  beforeEach(() => test.clear());
  afterAll(() => test.roles.close());

  const audited = (action: string) => test.roles.audited.filter((entry) => entry.action === action);
  const consumer = () => new ChainConsumer(test.context.inbox, new FollowChain(test.context), test.approvals);
  const noticed = (requestId: string) =>
    event('request.noticed', { id: `noticed/${requestId}`, key: requestId }, { requestId });

  it('takes a notice of either party and tells it on, again and again, as one', async () => {
    const { notice } = await test.requested();
    for (const caller of ['lakeside', 'harbor', 'lakeside'])
      expect(await test.notices.note(caller, notice)).toEqual(['custodian@harbor']);
    expect(await test.rows('notice')).toMatchObject([{ request_id: notice.requestId, class: 'ordinary' }]);
    const ids = (await test.rows('outbox')).map(({ id }) => id);
    expect(new Set(ids)).toEqual(new Set([`noticed/${notice.requestId}`]));
  });

  it.each<[string, (given: Requested) => object]>([
    ['another deal', () => ({ dealId: 'B'.repeat(43) })],
    ['another salt', () => ({ salt: 'B'.repeat(43) })],
    ['a changed permit', ({ notice }) => ({ receipt: { ...notice.receipt, purpose: 'ETREAT' } })],
    ['a permit without signature', ({ notice: { receipt } }) => ({ receipt: { ...receipt, signature: undefined } })],
  ])('refuses a notice with %s, and writes it down', async (_, change) => {
    const given = await test.requested();
    await expect(test.notices.note('lakeside', { ...given.notice, ...change(given) })).rejects.toMatchObject({
      code: 'access.forged',
    });
    expect(audited('approval.refused')).toMatchObject([{ outcome: 'refused', problem: 'access.forged' }]);
    expect([await test.rows('notice'), await test.rows('outbox')]).toEqual([[], []]);
  });

  it('refuses a permit of another ask, of another deal, and a stranger that brings one', async () => {
    const [first, second] = [await test.requested(), await test.requested()];
    const swapped = { ...first.notice, receipt: second.notice.receipt };
    await expect(test.notices.note('lakeside', swapped)).rejects.toMatchObject({ where: 'receipt' });
    await expect(test.notices.note('summit', first.notice)).rejects.toMatchObject({ where: 'caller' });
    const { signature: _, ...body } = first.notice.receipt;
    const owner = test.roles.key('summit', 'access').privateKey;
    const foreign = { ...body, owner: 'summit' };
    const forged = { ...foreign, signature: test.roles.sign(owner, 'receipt', foreign) };
    await expect(test.notices.note('lakeside', { ...first.notice, receipt: forged })).rejects.toMatchObject({
      where: 'receipt',
    });
  });

  it('refuses a permit for an ask that says the same id with a longer life or another reading key', async () => {
    for (const change of [{ expiresAt: 4_000_000_000_000 }, { nonce: 'BBBBBBBBBBBBBBBBBBBBBA' }]) {
      const { notice, request } = await test.requested();
      test.state.set(`request/${request.id}`, { ...request, ask: { ...request.ask, ...change } });
      await expect(test.notices.note('lakeside', notice)).rejects.toMatchObject({
        code: 'access.forged',
        where: 'receipt',
      });
    }
  });

  it('refuses a request under a weaker formula than the deal’s, and a deal of another dealer', async () => {
    const weaker = await test.requested('ordinary', {
      formula: { k: 1, of: [{ leaf: 'custodian@harbor' }, { leaf: 'custodian@summit' }] },
    });
    await expect(test.notices.note('lakeside', weaker.notice)).rejects.toMatchObject({ where: 'formula' });
    const { notice } = await test.requested();
    test.held = { ...test.held, dealer: 'summit' };
    await expect(test.notices.note('lakeside', notice)).rejects.toMatchObject({ where: 'institution' });
  });

  it('refuses a request that says otherwise than the permit whether people must approve', async () => {
    const { notice } = await test.requested('ordinary', { approval: 'required' });
    await expect(test.notices.note('lakeside', notice)).rejects.toMatchObject({ where: 'receipt' });
  });

  it('waits for a request that its copy of the chain has not reached', async () => {
    const { notice, request } = await test.requested();
    test.state.delete(`request/${request.id}`);
    await expect(test.notices.note('lakeside', notice)).rejects.toMatchObject({ code: 'ledger.unavailable' });
    expect(audited('approval.refused')).toEqual([]);
  });

  it('lets the custodian’s service approve what the law leaves to it, once', async () => {
    const { notice, request } = await test.requested();
    await test.notices.note('lakeside', notice);
    for (const _ of [1, 2]) await consumer().noticed(noticed(request.id));
    const [first] = test.submitted;
    const { certificate, signature, leaf } = first!.args as {
      certificate: { publicKey: string };
      signature: string;
      leaf: string;
    };
    const content = { requestId: request.id, requestHash: test.chain.hashOf(request), leaf: 'custodian@harbor' };
    expect(leaf).toBe('custodian@harbor');
    expect(
      verifyDocument(test.context.suite, fromBase64url(certificate.publicKey), 'approval', 1, content, signature),
    ).toBe(true);
    expect(audited('approval.given')).toHaveLength(1);
  });

  it('does not submit what its own policy denies, and writes it down', async () => {
    const { notice, request } = await test.requested();
    await test.notices.note('lakeside', notice);
    await test.context.database.query(`UPDATE notice SET class = 'sensitive:unheard-of'`);
    test.state.set(`request/${request.id}`, { ...request, ask: { ...request.ask, purpose: 'HMARKT' } });
    await consumer().noticed(noticed(request.id));
    expect(test.submitted).toEqual([]);
    expect(audited('approval.refused')).toMatchObject([
      { problem: 'access.denied', agent: { person: 'custodian-service' } },
    ]);
  });

  it('takes the chain’s refusal for an answer: nothing is parked, later events pass', async () => {
    const { notice, request } = await test.requested();
    await test.notices.note('lakeside', notice);
    test.refuse = problem('access.revoked');
    await consumer().noticed(noticed(request.id));
    expect(await test.context.inbox.listParked()).toEqual([]);
    expect(audited('approval.refused')).toHaveLength(1);
    const value = { kind: 'revoked' as const, requestId: request.id, owner: 'harbor', requester: 'lakeside', block: 3 };
    await consumer().changed(event('chain.changed', { id: 'revoked', key: request.id }, value));
    expect(await test.rows('notice')).toMatchObject([{ state: 'revoked' }]);
  });

  it('has the bus try again while the chain is away, and parks what it cannot read', async () => {
    const { notice, request } = await test.requested();
    await test.notices.note('lakeside', notice);
    test.refuse = problem('ledger.unavailable');
    await expect(consumer().noticed(noticed(request.id))).rejects.toMatchObject({ code: 'ledger.unavailable' });
    expect(await test.rows('inbox')).toEqual([]);
    await consumer().noticed({ ...noticed(request.id), value: { requestId: 'x' } });
    expect(await test.context.inbox.listParked()).toHaveLength(1);
  });

  it('lists what waits for the caller’s roles only, in one reading of the chain', async () => {
    const formula = {
      k: 2,
      of: ['attending@harbor', 'custodian@harbor', 'custodian@summit'].map((leaf) => ({ leaf })),
    };
    test.held = { ...test.held, formula, leaves: ['attending@harbor', 'custodian@harbor'] };
    const requests = [];
    for (const _ of [1, 2, 3]) {
      const { notice, request } = await test.requested('ordinary', { formula });
      await test.notices.note('lakeside', notice);
      requests.push(request);
    }
    test.grant(requests[0]!, { leaves: ['attending@harbor'] });
    test.grant(requests[1]!, { state: 'revoked' });
    test.roles.calls.length = 0;
    const listed = await test.pending.list(test.principal('dr.wu', 'attending'));
    expect(Object.fromEntries(listed.map(({ requestId, state }) => [requestId, state]))).toEqual({
      [requests[0]!.id]: 'approved',
      [requests[1]!.id]: 'revoked',
      [requests[2]!.id]: 'waiting',
    });
    expect(test.roles.calls.map(({ route }) => route)).toEqual(['ledger.read']);
    expect(await test.pending.list(test.principal('officer', 'privacy-officer'))).toEqual([]);
  });

  it('brings a person’s approval to the chain, under their own pseudonym and for a leaf of this request', async () => {
    const formula = { k: 2, of: ['attending@harbor', 'custodian@summit'].map((leaf) => ({ leaf })) };
    test.held = { ...test.held, formula, leaves: ['attending@harbor'] };
    const { notice, request } = await test.requested('ordinary', { formula });
    await test.notices.note('lakeside', notice);
    const wu = test.principal('dr.wu', 'attending');
    const person = test.certificates.pseudonym('dr.wu');
    const body = {
      leaf: 'attending@harbor',
      ...test.roles.staff('harbor', person, ['attending']),
      signature: 'A'.repeat(86),
    };
    await expect(test.approvals.byStaff(wu, request.id, { ...body, leaf: 'ed@harbor' })).rejects.toMatchObject({
      code: 'access.not-a-leaf',
    });
    await expect(test.approvals.byStaff(test.principal('dr.li', 'attending'), request.id, body)).rejects.toMatchObject({
      code: 'access.forged',
    });
    expect(await test.approvals.byStaff(wu, request.id, body)).toEqual({ granted: false, block: 1 });
    expect(audited('approval.refused')).toHaveLength(2);
    expect(audited('approval.given')).toHaveLength(1);
  });

  describe('revocation', () => {
    const revoke = async () => {
      const { request } = await test.requested();
      const person = test.certificates.pseudonym('officer.li');
      const { certificate } = test.roles.staff('harbor', person, ['privacy-officer']);
      const body = { certificate, reason: 'misuse' as const, signature: 'A'.repeat(86) };
      return test.revocations.revoke(test.principal('officer.li', 'privacy-officer'), request.id, body);
    };

    it('is told when every custodian has confirmed', async () => {
      expect(await revoke()).toEqual({ block: 1, releasedBefore: 6 });
      expect(audited('grant.revoked')).toHaveLength(1);
    });

    it('waits for a custodian that is away until its lease has passed', async () => {
      test.roles.away.add('summit');
      let told = false;
      const revoked = revoke().then((answer) => ((told = true), answer));
      await eventually(() => test.roles.calls.filter(({ route }) => route === 'vault.confirm-revocation').length >= 2);
      test.roles.clock.advance(34_999);
      await new Promise((resolve) => setTimeout(resolve, 250));
      expect(told).toBe(false);
      test.roles.clock.advance(1);
      expect(await revoked).toEqual({ block: 1, releasedBefore: 4 });
    });

    it('takes a custodian that comes back before', async () => {
      test.roles.away.add('summit');
      const revoked = revoke();
      setTimeout(() => test.roles.away.clear(), 150);
      expect(await revoked).toEqual({ block: 1, releasedBefore: 6 });
    });
  });
});
