import type { Request } from '@medshare/events';
import { TestReader } from './fixture/reader.fixture.js';

const text = '{"resourceType":"Bundle"}';

describe('what proves a grant to custodians', () => {
  let test: TestReader;
  beforeAll(async () => void (test = await TestReader.open()), 90_000);
  beforeEach(() => test.clear());
  afterAll(() => test.roles.close());

  const prove = async (requestId: string) => {
    const row = await test.store.request.findUniqueOrThrow({ where: { id: requestId } });
    const { answer } = await test.store.ask.findUniqueOrThrow({ where: { id: row.askId } });
    return test.grantProofs.of(row, new Uint8Array(32), answer);
  };
  const refused = (requestId: string, code: string) => expect(prove(requestId)).rejects.toMatchObject({ code });
  const open = (askId: string) => test.opening.open(test.principal(), askId);
  const called = (route: string) => test.roles.calls.filter((call) => call.route === route);
  const asked = async () => {
    await test.record('harbor', text);
    return (await test.asked()).requests[0]!.requestId;
  };
  const emergency = async () => {
    await test.record('harbor', text);
    return test.emergency();
  };
  const approved = (request: Request, ...at: string[]) => at.map((id) => test.approve(request, `custodian@${id}`));

  it('are views of a quorum, fresh for every proof', async () => {
    const requestId = await asked();
    test.grant(requestId);
    const proof = await prove(requestId);
    expect(proof.leaves).toEqual(['custodian@harbor', 'custodian@lakeside', 'custodian@summit']);
    await expect(proof.ask('harbor', 'custodian@harbor', [])).rejects.toThrow(/capsules/);
    await prove(requestId);
    const nonces = called('ledger.view').map(({ body }) => (body as { nonce: string }).nonce);
    expect(new Set(nonces).size).toBe(2);
  });

  it('are not views of another request under the same id, nor of too few members', async () => {
    const requestId = await asked();
    test.grant(requestId);
    const honest = test.requests.get(requestId)!;
    test.requests.set(requestId, { ...honest, issuedAt: honest.issuedAt - 1 });
    await refused(requestId, 'view.invalid');
    test.requests.set(requestId, honest);
    for (const id of ['harbor', 'summit']) test.roles.away.add(`${id} ledger.view`);
    await refused(requestId, 'peer.unavailable');
    test.roles.away.clear();
    await prove(requestId);
  });

  it('are signed approvals, the request and the owner’s permit while the chain is away', async () => {
    const request = await emergency();
    await refused(request.id, 'access.incomplete');
    approved(request, 'summit');
    await refused(request.id, 'access.incomplete');
    expect(called('vault.release-emergency')).toEqual([]);
    approved(request, 'harbor');
    expect(await open(request.ask.askId)).toMatchObject({ opened: [{ owner: 'harbor' }], refused: [] });
    const [brought] = called('vault.release-emergency').map(({ body }) => body as Record<string, unknown>);
    expect(brought).toMatchObject({ request, receipt: { owner: 'harbor', outcome: 'permit' } });
    expect(test.requests.size).toBe(0);
    expect(called('vault.release-fragments')).toEqual([]);
  });

  it('are the chain’s from the moment it is back: the request is brought there, and approvals without it serve no more', async () => {
    const request = await emergency();
    approved(request, 'harbor', 'summit');
    test.reachable = true;
    await refused(request.id, 'access.incomplete');
    expect(test.requests.get(request.id)).toEqual(request);
    const [row] = await test.rows('request');
    expect(row).toMatchObject({ away: false, submitted: true });
    // told once more, now as what stands on the chain
    const notices = called('access.notice-request').map(({ body }) => 'request' in (body as object));
    expect(notices).toEqual([true, true, true, false, false, false]);
    test.grant(request.id);
    expect((await prove(request.id)).request).toEqual(request);
  });

  it('are signed approvals, too, for an emergency that stood on the chain when it went away; its holders are told', async () => {
    const { id } = await emergency();
    test.reachable = true;
    await refused(id, 'access.incomplete');
    const request = test.requests.get(id)!;
    approved(request, 'harbor', 'summit');
    // there it is approved as long as it is there
    await refused(id, 'access.incomplete');
    test.reachable = false;
    test.roles.calls.length = 0;
    expect(await test.asks.status(test.principal(), request.ask.askId)).toMatchObject({
      requests: [{ state: 'granted', away: true }],
    });
    const notices = called('access.notice-request').map(({ body }) => (body as { request?: Request }).request);
    expect(notices).toEqual([request, request, request]);
    expect(await open(request.ask.askId)).toMatchObject({ opened: [{ owner: 'harbor' }], refused: [] });
    expect(called('vault.release-emergency')).not.toEqual([]);
    expect(called('access.notice-request')).toHaveLength(3);
  });

  describe('in an emergency that the chain granted with a holder who went away with it', () => {
    const granted = async () => {
      const { id } = await emergency();
      test.reachable = true;
      await refused(id, 'access.incomplete');
      const request = test.requests.get(id)!;
      test.grant(id, ['custodian@harbor', 'custodian@summit']);
      test.roles.away.add('harbor vault.release-fragments');
      test.reachable = false;
      return request;
    };

    it('are signed approvals of others, and its holders are told', async () => {
      const request = await granted();
      test.roles.calls.length = 0;
      expect((await open(request.ask.askId)).refused).toMatchObject([{ problem: 'access.incomplete' }]);
      const notices = called('access.notice-request').map(({ body }) => (body as { request?: Request }).request);
      expect(notices).toEqual([request, request, request]);
      approved(request, 'lakeside', 'summit');
      expect(await open(request.ask.askId)).toMatchObject({ opened: [{ owner: 'harbor' }], refused: [] });
      expect(called('vault.release-emergency')).not.toEqual([]);
      expect(called('access.notice-request')).toHaveLength(3);
    });

    it.each<[string, (request: Request) => void, string]>([
      ['the chain is there', () => (test.reachable = true), 'peer.unavailable'],
      [
        'it was revoked before',
        ({ id }) => {
          test.grant(id, undefined, { state: 'revoked' });
          for (const member of ['harbor', 'summit']) test.roles.away.add(`${member} ledger.view`);
        },
        'peer.unavailable',
      ],
      ['a holder lies', () => void (test.roles.away.clear(), test.lying.set('summit', () => '{}')), 'vault.fragment'],
    ])('are the chain’s all the same when %s', async (_, change, code) => {
      const request = await granted();
      approved(request, 'lakeside', 'summit');
      change(request);
      expect(await open(request.ask.askId)).toMatchObject({ opened: [], refused: [{ problem: code }] });
      expect(called('vault.release-emergency')).toEqual([]);
    });
  });

  it('are views also while the chain is away, for what is no emergency', async () => {
    const requestId = await asked();
    test.reachable = false;
    await refused(requestId, 'access.incomplete');
    expect(called('access.notice-request')).toHaveLength(3);
    expect(called('access.collect-approvals')).toEqual([]);
  });

  it('are the chain’s as soon as its copy shows the grant, also while it is away: a revocation holds', async () => {
    const request = await emergency();
    approved(request, 'harbor', 'summit');
    test.requests.set(request.id, request);
    test.grant(request.id, undefined, { state: 'revoked' });
    await refused(request.id, 'access.revoked');
    expect((await open(request.ask.askId)).opened).toEqual([]);
    expect(called('vault.release-emergency')).toEqual([]);
  });

  it('end with the request, and nobody is asked for approvals then', async () => {
    const request = await emergency();
    approved(request, 'harbor', 'summit');
    const start = test.roles.clock.now();
    test.roles.clock.set(request.expiresAt - 1);
    await prove(request.id);
    test.roles.clock.set(request.expiresAt);
    test.roles.calls.length = 0;
    await refused(request.id, 'access.expired');
    expect(called('access.collect-approvals')).toEqual([]);
    test.roles.clock.set(start);
  });

  it('need the owner’s permit among what the ask was answered with', async () => {
    const request = await emergency();
    approved(request, 'harbor', 'summit');
    await prove(request.id);
    const row = await test.store.request.findUniqueOrThrow({ where: { id: request.id } });
    const { answer } = await test.store.ask.findUniqueOrThrow({ where: { id: row.askId } });
    const without = { ...(answer as object), receipts: [] };
    await expect(test.grantProofs.of(row, new Uint8Array(32), without)).rejects.toMatchObject({
      code: 'access.denied',
    });
  });

  it('that do not reach a quorum of custodians open nothing, and the holder is named', async () => {
    const request = await emergency();
    approved(request, 'harbor', 'summit');
    test.roles.away.add('summit vault.release-emergency');
    const { opened, refused: named } = await open(request.ask.askId);
    expect(opened).toEqual([]);
    expect(named).toMatchObject([{ problem: 'peer.unavailable', where: 'summit' }]);
  });
});
