import { documentHash } from '@medshare/crypto';
import { checkViews, requestSubject } from '@medshare/ledger';
import { LedgerController } from './entry/ledger.controller.js';
import { TestLedger } from './fixture/ledger.fixture.js';
import { SignView } from './sign-view.js';

/** What the institution's other roles and other institutions get to know of access requests. */
describe('requests on the chain', () => {
  let test: TestLedger;
  let routes: LedgerController;
  beforeAll(async () => {
    test = await TestLedger.open();
    routes = new LedgerController(test.chain, new SignView(test.context, test.chain), test.context);
  }, 90_000);
  afterEach(() => test.clear());
  afterAll(() => test.close());

  const changes = async (requestId: string) =>
    (await test.told('chain.changed'))
      .map(({ value }) => value)
      .filter((value) => value['requestId'] === requestId)
      .map(({ kind, owner, requester }) => ({ kind, owner, requester }));
  const nonce = 'BBBBBBBBBBBBBBBBBBBBBB';

  it('are told when requested, approved, granted and revoked, in that order', async () => {
    const { request, requester } = test.request({ leaf: 'attending@harbor' }, 'told');
    await routes.submit({ function: 'request', args: request as never });
    const { response } = await routes.submit({
      function: 'approve',
      args: test.approval(request, 'attending@harbor') as never,
    });
    expect(response).toEqual({ granted: true });
    const requestHash = documentHash(test.context.suite, 'request', 1, request);
    const content = { requestId: request.id, requestHash, reason: 'no-longer-needed' };
    await routes.submit({
      function: 'revoke',
      args: {
        version: 1,
        requestId: request.id,
        certificate: requester.certificate,
        reason: content.reason,
        signature: test.roles.sign(requester.privateKey, 'revocation', content),
      } as never,
    });
    test.start();
    await test.followed();
    const parties = { owner: 'harbor', requester: 'lakeside' };
    expect(await changes(request.id)).toEqual(
      ['requested', 'approved', 'granted', 'revoked'].map((kind) => ({ kind, ...parties })),
    );
  });

  it('are followed from the cursor after a restart, none lost and none doubled', async () => {
    test.start();
    const first = test.request({ leaf: 'attending@harbor' }, 'first').request;
    await routes.submit({ function: 'request', args: first as never });
    await test.followed();
    await test.stop();
    const second = test.request({ leaf: 'attending@harbor' }, 'second').request;
    await routes.submit({ function: 'request', args: second as never });
    expect(await changes(second.id)).toEqual([]);
    test.start();
    await test.followed();
    expect([await changes(first.id), await changes(second.id)].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('are refused by the chain with its own problem, and nothing is told', async () => {
    const { request } = test.request({ leaf: 'attending@harbor' }, 'refused');
    const forged = { ...request, askSignature: 'A'.repeat(86) };
    await expect(routes.submit({ function: 'request', args: forged as never })).rejects.toMatchObject({
      code: 'access.forged',
    });
    test.start();
    await test.followed();
    expect(await changes(request.id)).toEqual([]);
  });

  it('change nothing when submitted again', async () => {
    const { request } = test.request({ leaf: 'attending@harbor' }, 'again');
    for (const _ of [1, 2]) await routes.submit({ function: 'request', args: request as never });
    test.start();
    await test.followed();
    expect(await changes(request.id)).toHaveLength(1);
  });

  it('are read as they stand, and what does not stand is left out', async () => {
    const { request } = test.request({ leaf: 'attending@harbor' }, 'read');
    await routes.submit({ function: 'request', args: request as never });
    const { entries, height } = await routes.read({ keys: [`request/${request.id}`, `grant/${request.id}`] });
    expect(entries).toEqual([{ key: `request/${request.id}`, value: request }]);
    expect(height).toBe((await test.chain.height()).number);
    const anchor = test.anchor('looked up');
    await test.chain.submit('anchor', { institution: 'harbor', anchors: [anchor] } as never);
    const { anchors } = await routes.lookUp({ institution: 'harbor', tags: [anchor.tag, test.anchor('never').tag] });
    expect(anchors).toMatchObject([{ tag: anchor.tag, anchor }]);
    expect(await routes.lookUp({ institution: 'lakeside', tags: [anchor.tag] })).toEqual({ anchors: [] });
  });

  it('are signed as views that verify, for this nonce, request and moment only', async () => {
    const { request } = test.request({ leaf: 'attending@harbor' }, 'viewed');
    await routes.submit({ function: 'request', args: request as never });
    await routes.submit({ function: 'approve', args: test.approval(request, 'attending@harbor') as never });
    const { view } = await routes.view({ requestId: request.id, nonce });
    const { region, clock } = test.roles;
    const rules = { now: clock.now(), nonce, subject: requestSubject(request.id), quorum: 1 };
    expect(checkViews(region, [view], rules).state).toMatchObject({
      request,
      approvals: [{ leaf: 'attending@harbor' }],
      grant: { state: 'active', leaves: ['attending@harbor'] },
    });
    const wrong = [
      { ...rules, nonce: 'C'.repeat(22) },
      { ...rules, subject: requestSubject('x') },
      { ...rules, now: clock.now() + region.leaseMs + 1 },
    ];
    for (const one of wrong) expect(() => checkViews(region, [view], one)).toThrow(/view\./);
    expect(() => checkViews(region, [{ ...view, height: view.height + 1 }], rules)).toThrow('view.invalid');
  });

  it('that nobody made are signed as absent', async () => {
    const { view } = await routes.view({ requestId: 'A'.repeat(43), nonce });
    expect(view.state).toEqual({ request: null, approvals: [], grant: null });
  });
});
