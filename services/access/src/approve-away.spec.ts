import { documentHash, fromBase64url, verifyDocument, type Formula } from '@medshare/crypto';
import { event, type EmergencyApproval, type emergencyApprovalBody, type Request } from '@medshare/events';
import { checkEmergency } from '@medshare/ledger';
import { institutions } from '@medshare/role/role.fixture';
import type { z } from 'zod';
import { ChainConsumer } from './entry/chain.consumer.js';
import { TestAccess } from './fixture/access.fixture.js';
import { FollowChain } from './follow-chain.js';

type Body = z.infer<typeof emergencyApprovalBody>;

const custodians: Formula = { k: 2, of: institutions.map((id) => ({ leaf: `custodian@${id}` })) };
const people: Formula = {
  k: 1,
  of: [
    { k: 2, of: [{ leaf: 'attending@harbor' }, { leaf: 'ed@harbor' }, { leaf: 'ed@summit' }] },
    { k: 2, of: [{ leaf: 'privacy-officer@harbor' }, { leaf: 'custodian@summit' }] },
  ],
};
const here = ['attending@harbor', 'ed@harbor', 'privacy-officer@harbor'];

describe('an approval while the chain is away', () => {
  let test: TestAccess;
  beforeAll(async () => void (test = await TestAccess.open()), 90_000);
  beforeEach(() => test.clear());
  afterAll(() => test.roles.close());

  const audited = (action: string) => test.roles.audited.filter((entry) => entry.action === action);
  const noticed = async (dataClass = 'sensitive:hiv', formula = people, leaves = here) => {
    const { request, notice } = await test.emergency(dataClass, formula, leaves);
    await test.notices.note('lakeside', notice);
    return request;
  };
  /** What a person's own key signs. */
  const signed = (request: Request, leaf: string, username: string, change: { at?: number; roles?: string[] } = {}) => {
    const roles = change.roles ?? [leaf.slice(0, leaf.indexOf('@'))];
    const { certificate, privateKey } = test.roles.staff('harbor', test.certificates.pseudonym(username), roles);
    const approvedAt = change.at ?? test.roles.clock.now();
    const content = { requestId: request.id, requestHash: test.chain.hashOf(request), leaf, approvedAt };
    return { leaf, certificate, approvedAt, signature: test.roles.sign(privateKey, 'emergency-approval', content) };
  };
  const give = (request: Request, username: string, body: Body) =>
    test.away.byStaff(test.principal(username, ...body.certificate.roles), request.id, body);
  const collected = (request: Request, caller = 'lakeside') => test.away.collected(caller, request.id);
  const byService = (request: Request) => {
    const consumer = new ChainConsumer(test.context.inbox, new FollowChain(test.context), test.approvals);
    const message = event(
      'emergency.noticed',
      { id: `noticed-away/${request.id}`, key: request.id },
      { requestId: request.id },
    );
    return consumer.emergency(message);
  };

  it('is told to the service apart from the requests that wait for the chain', async () => {
    const { id } = await noticed();
    expect(await test.rows('outbox')).toMatchObject([{ topic: 'emergency.noticed', key: id }]);
  });

  it('is kept once, with its audit entry, and given to requester and owner and nobody else', async () => {
    const request = await noticed();
    const body = signed(request, 'ed@harbor', 'ed.zhao');
    expect(await give(request, 'ed.zhao', body)).toEqual({ approvedAt: body.approvedAt });
    test.roles.clock.advance(1000);
    // signed again: the first one counts, and stays
    const again = signed(request, 'ed@harbor', 'ed.zhao');
    expect(await give(request, 'ed.zhao', again)).toEqual({ approvedAt: body.approvedAt });
    expect(await collected(request)).toEqual([{ version: 1, requestId: request.id, ...body }]);
    expect(await collected(request, 'harbor')).toHaveLength(1);
    expect(await collected(request, 'summit')).toEqual([]);
    expect(await test.away.collected('lakeside', 'A'.repeat(43))).toEqual([]);
    expect(audited('approval.given')).toMatchObject([
      {
        agent: { person: test.certificates.pseudonym('ed.zhao') },
        entities: expect.arrayContaining([{ kind: 'chain', id: 'away' }]),
      },
    ]);
    expect(test.submitted).toEqual([]);
  });

  it('completes the formula as custodians judge it, with one of another institution', async () => {
    const request = await noticed();
    await give(request, 'ed.zhao', signed(request, 'ed@harbor', 'ed.zhao'));
    const own = await collected(request);
    const now = test.roles.clock.now();
    const evidence = (approvals: EmergencyApproval[]) =>
      checkEmergency(test.context.region, { request, approvals }, now);
    expect(() => evidence(own)).toThrow('access.incomplete');
    await give(request, 'dr.wu', signed(request, 'attending@harbor', 'dr.wu'));
    expect(evidence(await collected(request)).leaves).toEqual(['attending@harbor', 'ed@harbor']);
  });

  it.each<[string, string, (request: Request) => { username?: string; body: Body }]>([
    [
      'of somebody else’s key',
      'access.forged',
      (request) => ({ username: 'dr.li', body: signed(request, 'ed@harbor', 'ed.zhao') }),
    ],
    [
      'with a changed time',
      'access.forged',
      (request) => ({ body: { ...signed(request, 'ed@harbor', 'ed.zhao'), approvedAt: test.roles.clock.now() - 1 } }),
    ],
    [
      'for another leaf than was signed',
      'access.forged',
      (request) => ({
        body: { ...signed(request, 'ed@harbor', 'ed.zhao', { roles: ['ed', 'attending'] }), leaf: 'attending@harbor' },
      }),
    ],
    [
      'without the leaf’s role',
      'access.not-a-leaf',
      (request) => ({ body: signed(request, 'ed@harbor', 'ed.zhao', { roles: ['clinician'] }) }),
    ],
    [
      'for a leaf that is held elsewhere',
      'access.not-a-leaf',
      (request) => ({ body: signed(request, 'ed@summit', 'ed.zhao') }),
    ],
    [
      'that was not signed now',
      'access.expired',
      (request) => ({ body: signed(request, 'ed@harbor', 'ed.zhao', { at: test.roles.clock.now() - 30_001 }) }),
    ],
    [
      'signed in the future',
      'access.expired',
      (request) => ({ body: signed(request, 'ed@harbor', 'ed.zhao', { at: test.roles.clock.now() + 30_001 }) }),
    ],
  ])('is refused %s: %s, and written down', async (_, code, make) => {
    const request = await noticed();
    const { username = 'ed.zhao', body } = make(request);
    await expect(give(request, username, body)).rejects.toMatchObject({ code });
    expect(audited('approval.refused')).toMatchObject([
      { outcome: 'refused', problem: code, agent: { person: test.certificates.pseudonym(username) } },
    ]);
    expect(await test.rows('away_approval')).toEqual([]);
    // the control: nothing but what was changed stood in the way
    await give(request, 'ed.zhao', signed(request, 'ed@harbor', 'ed.zhao'));
  });

  it('is refused of who asked, of one person for two leaves, and for a leaf that is filled; also at the same time', async () => {
    const request = await noticed();
    const roles = ['attending', 'ed'];
    const two = ['attending@harbor', 'ed@harbor'].map((leaf) =>
      give(request, 'dr.wu', signed(request, leaf, 'dr.wu', { roles })),
    );
    const raced = await Promise.allSettled(two);
    expect(raced.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(raced.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'access.person-twice' },
    });
    const [{ leaf }] = (await collected(request)) as [EmergencyApproval];
    const other = signed(request, leaf, 'ed.zhao', { roles });
    await expect(give(request, 'ed.zhao', other)).rejects.toMatchObject({ code: 'ledger.refused', where: 'leaf' });
    const by = { caller: 'harbor', person: test.certificates.pseudonym('ed.zhao') };
    const own = await test.emergency('sensitive:hiv', people, here, by);
    await test.notices.note('harbor', own.notice);
    const mine = signed(own.request, 'ed@harbor', 'ed.zhao');
    await expect(give(own.request, 'ed.zhao', mine)).rejects.toMatchObject({ code: 'access.self-approval' });
    expect(await test.rows('away_approval')).toHaveLength(1);
  });

  it('is refused when the chain can be reached, and once the request was noticed there or has expired', async () => {
    const request = await noticed();
    test.reachable = true;
    const refused = (code: string) =>
      expect(give(request, 'ed.zhao', signed(request, 'ed@harbor', 'ed.zhao'))).rejects.toMatchObject({ code });
    await refused('access.chain-reachable');
    test.reachable = false;
    await test.context.database.query('UPDATE notice SET away = false');
    await refused('access.chain-reachable');
    await test.context.database.query('UPDATE notice SET away = true');
    const start = test.roles.clock.now();
    test.roles.clock.set(request.expiresAt);
    await refused('access.expired');
    test.roles.clock.set(start);
    expect(await test.rows('away_approval')).toEqual([]);
  });

  it('is not kept without a durable audit entry, and what fails for a technical reason is no refusal', async () => {
    const request = await noticed();
    const body = signed(request, 'ed@harbor', 'ed.zhao');
    test.roles.away.add('harbor audit.record');
    await expect(give(request, 'ed.zhao', body)).rejects.toMatchObject({ code: 'peer.unavailable' });
    test.roles.away.clear();
    test.roles.away.add('harbor ledger.reachability');
    await expect(give(request, 'ed.zhao', body)).rejects.toMatchObject({ code: 'peer.unavailable' });
    test.roles.away.clear();
    expect(await test.rows('away_approval')).toEqual([]);
    expect(audited('approval.refused')).toEqual([]);
    await give(request, 'ed.zhao', body);
    expect(audited('approval.given')).toHaveLength(1);
  });

  it('is given by the custodian’s service for what the law leaves to it, signed, once', async () => {
    const request = await noticed('ordinary', custodians, ['custodian@harbor']);
    await byService(request);
    await test.context.database.query('TRUNCATE inbox');
    await byService(request);
    const [approval, ...more] = (await collected(request)) as [EmergencyApproval];
    expect(more).toEqual([]);
    const { leaf, approvedAt, certificate, signature } = approval;
    const content = {
      requestId: request.id,
      requestHash: documentHash(test.context.suite, 'request', 1, request),
      leaf,
      approvedAt,
    };
    expect(leaf).toBe('custodian@harbor');
    const key = fromBase64url(certificate.publicKey);
    expect(verifyDocument(test.context.suite, key, 'emergency-approval', 1, content, signature)).toBe(true);
    expect(audited('approval.given')).toHaveLength(1);
    expect(test.submitted).toEqual([]);
  });

  it('is refused by the service where people must approve, and when the chain is back: one entry each, nothing parked', async () => {
    const people = await noticed('ordinary', custodians, ['custodian@harbor']);
    await test.context.database.query(`UPDATE notice SET class = 'sensitive:unheard-of'`);
    const back = await noticed('ordinary', custodians, ['custodian@harbor']);
    test.reachable = true;
    for (const request of [people, back, people, back]) {
      await byService(request);
      await test.context.database.query('TRUNCATE inbox');
    }
    expect(await test.context.inbox.listParked()).toEqual([]);
    expect(await test.rows('away_approval')).toEqual([]);
    expect(audited('approval.refused').map(({ problem }) => problem)).toEqual([
      'access.denied',
      'access.chain-reachable',
    ]);
  });

  it('waits with its event while the audit log is away', async () => {
    const request = await noticed('ordinary', custodians, ['custodian@harbor']);
    test.roles.away.add('harbor audit.record');
    await expect(byService(request)).rejects.toMatchObject({ code: 'peer.unavailable' });
    test.roles.away.clear();
    await byService(request);
    expect(await collected(request)).toHaveLength(1);
  });
});
