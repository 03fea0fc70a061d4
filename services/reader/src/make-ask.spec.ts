import { citizen, TestReader } from './fixture/reader.fixture.js';

describe('asking for access', () => {
  let test: TestReader;
  beforeAll(async () => void (test = await TestReader.open()), 90_000);
  beforeEach(async () => {
    await test.clear();
    await test.record('harbor', 'one');
  });
  afterAll(() => test.roles.close());

  it('asks every owner, puts what is permitted on the chain and shows the leaf holders which deal', async () => {
    await test.record('summit', 'two');
    const answer = await test.asked();
    expect(answer.found.map(({ institution }) => institution).sort()).toEqual(['harbor', 'summit']);
    expect(answer.requests.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    expect(new Set(test.requests.keys())).toEqual(new Set(answer.requests.map(({ requestId }) => requestId)));
    expect(test.noticed).toHaveLength(6);
    expect(await test.rows('request')).toMatchObject([{ submitted: true }, { submitted: true }]);
  });

  it('keeps reading key and identifier only wrapped, and tells neither log nor audit', async () => {
    await test.asked();
    const [row] = await test.rows('ask');
    const stored = JSON.stringify(await test.rows('ask')) + (row!['sealed'] as Buffer).toString('latin1');
    for (const text of [stored, JSON.stringify(test.roles.audited), JSON.stringify(test.roles.logged)])
      expect(text).not.toContain(citizen.value);
  });

  it('gives a repeated ask the same answer, also at the same time, and asks the owner for one decision', async () => {
    const body = await test.signed();
    const ask = () => test.asks.ask(test.principal(), body);
    const [first, second] = await Promise.all([ask(), ask()]);
    const third = await ask();
    expect([second, third]).toEqual([first, first]);
    const [stored] = await test.rows('request');
    expect(test.requests.get(first.requests[0]!.requestId)).toEqual(stored!['body']);
    expect(await test.rows('request')).toHaveLength(1);
  });

  it('goes on after a crash before the chain, before the notices, and before it was noted', async () => {
    const body = await test.signed();
    test.roles.away.add('lakeside ledger.submit');
    await expect(test.asks.ask(test.principal(), body)).rejects.toMatchObject({ code: 'peer.unavailable' });
    expect(await test.rows('request')).toMatchObject([{ submitted: false }]);
    test.roles.away.clear();
    test.roles.away.add('summit access.notice-request');
    const partly = await test.asks.ask(test.principal(), body);
    expect(await test.rows('request')).toMatchObject([{ submitted: false }]);
    test.roles.away.clear();
    expect(await test.asks.status(test.principal(), body.ask.askId)).toEqual(partly);
    expect(await test.rows('request')).toMatchObject([{ submitted: true }]);
    expect(test.requests.size).toBe(1);
    const told = test.noticed.length;
    await test.asks.status(test.principal(), body.ask.askId);
    expect([test.noticed.length, test.decided]).toEqual([told, ['harbor']]);
  });

  it('shows an ask although its requests cannot be submitted now', async () => {
    const { askId } = await test.asked();
    await test.context.database.query('UPDATE request SET submitted = FALSE');
    test.roles.away.add('lakeside ledger.submit');
    expect(await test.asks.status(test.principal(), askId)).toMatchObject({ requests: [{ state: 'waiting' }] });
  });

  it('names an owner that is away and goes on with the others', async () => {
    await test.record('summit', 'two');
    test.roles.away.add('harbor access.decide-ask');
    const answer = await test.asked();
    expect(answer.requests.map(({ owner }) => owner)).toEqual(['summit']);
    expect(answer.damaged).toMatchObject([{ institution: 'harbor', problem: 'peer.unavailable' }]);
  });

  it('fails when no owner decides, and can be asked again', async () => {
    const body = await test.signed();
    test.roles.away.add('harbor access.decide-ask');
    await expect(test.asks.ask(test.principal(), body)).rejects.toMatchObject({ code: 'peer.unavailable' });
    test.roles.away.clear();
    expect((await test.asks.ask(test.principal(), body)).requests).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['commits to another deal', { dealCommitment: 'B'.repeat(43) }],
    ['outlives the ask', { expiresAt: 9_999_999_999_999 }],
  ])('names an owner whose proposal %s', async (_, change) => {
    await test.record('summit', 'two');
    test.decide = ({ receipts, proposals }) =>
      receipts[0]!.owner === 'harbor'
        ? { receipts, proposals: [{ ...proposals[0]!, ...change }] }
        : { receipts, proposals };
    const answer = await test.asked();
    expect(answer.requests.map(({ owner }) => owner)).toEqual(['summit']);
    expect(answer.damaged).toMatchObject([{ institution: 'harbor', problem: 'access.forged' }]);
  });

  it('refuses an ask that is changed, forged, expired, or not the caller’s', async () => {
    const body = await test.signed();
    const ask = (change: object, who = 'dr.chen') => test.asks.ask(test.principal(who), { ...body, ...change });
    await expect(ask({ ask: { ...body.ask, purpose: 'ETREAT' } })).rejects.toMatchObject({ code: 'access.forged' });
    await expect(ask({ signature: 'A'.repeat(86) })).rejects.toMatchObject({ code: 'access.forged' });
    await expect(ask({}, 'dr.wu')).rejects.toMatchObject({ code: 'request.not-found' });
    expect(test.roles.audited).toMatchObject([
      { action: 'section.refused', problem: 'auth.forbidden', agent: { person: 'dr.wu' } },
    ]);
    const start = test.roles.clock.now();
    test.roles.clock.set(body.ask.expiresAt);
    await expect(ask({})).rejects.toMatchObject({ code: 'access.expired' });
    test.roles.clock.set(start);
    expect(test.decided).toEqual([]);
  });

  it('lets a patient ask about the patient that they are, and looks nobody else up', async () => {
    const body = await test.signed();
    const before = test.roles.calls.length;
    const as = (roles: string[], patient?: object) =>
      test.asks.ask({ ...test.principal(), roles, ...(patient ? { patient } : {}) } as never, body);
    for (const patient of [undefined, { ...citizen, value: 'another' }, { ...citizen, system: 'urn:another' }])
      await expect(as(['patient'], patient)).rejects.toMatchObject({ code: 'auth.forbidden', where: 'identifier' });
    const looked = test.roles.calls.slice(before).filter(({ route }) => route !== 'audit.record');
    expect([test.decided, looked]).toEqual([[], []]);
    expect(test.roles.audited).toMatchObject(
      Array(3).fill({ action: 'ask.made', outcome: 'refused', problem: 'auth.forbidden' }),
    );
    expect((await as(['patient'], citizen)).requests).toHaveLength(1);
  });

  it('still shows an ask that has expired unsubmitted', async () => {
    const { askId, requests } = await test.asked();
    await test.context.database.query('UPDATE request SET submitted = FALSE');
    const start = test.roles.clock.now();
    test.roles.clock.set(requests[0]!.expiresAt);
    await test.opened.expire();
    expect(await test.asks.status(test.principal(), askId)).toMatchObject({ requests: [{ state: 'expired' }] });
    test.roles.clock.set(start);
  });

  it('drafts no ask that the chain would find too long', async () => {
    const { region, clock } = test.context;
    const ask = await test.drafts.draft(test.principal(), { purpose: 'TREAT', days: 365 });
    expect(ask.expiresAt - (clock.now() - region.clockSkewMs)).toBeLessThanOrEqual(region.limits.requestMs);
  });
});
