import { fromBase64url, fromUtf8, openCapsules, unboxFragments, verifyDocument } from '@medshare/crypto';
import {
  confirmRevocation,
  releaseFragments,
  type AnchoredCapsule,
  type Grant,
  type Request,
  type View,
} from '@medshare/events';
import { capsulesOf, salt, setScene, type Scene } from './fixture/scene.fixture.js';

const leaves = ['custodian@harbor', 'custodian@lakeside'];

interface Change {
  caller?: string;
  leaf?: string;
  to?: string;
  approved?: string[];
  grant?: Partial<Grant> | null;
  view?: Partial<View>;
  members?: string[];
  request?: Request;
  capsules?: AnchoredCapsule[];
  dealId?: string;
}

function ask({ test, deal, capsules, request: asked }: Scene, change: Change = {}) {
  const { caller = 'lakeside', approved = leaves, members = ['harbor', 'summit'], request = asked } = change;
  const leaf = change.leaf ?? 'custodian@harbor';
  const grant = change.grant === null ? null : test.cast.grant(request, approved, change.grant);
  const views = test.cast.views(members, request, approved, grant, change.view);
  return test.call(caller, releaseFragments, change.to ?? leaf.slice(leaf.indexOf('@') + 1), {
    requestId: request.id,
    leaf,
    dealId: change.dealId ?? deal.id,
    salt,
    views,
    capsules: change.capsules ?? capsules,
  });
}

describe.each(['intl', 'sm'] as const)('fragments of a complete grant in suite %s', (suite) => {
  it('open exactly the capsules of the deal, each answer signed and audited first', async () => {
    const scene = await setScene(suite);
    const { test, deal, request, readerKey, capsules } = scene;
    const { suite: used, region } = test.at('harbor').context;
    const bare = capsules.map(({ section }) => section.capsule!);
    const context = {
      grant: request.id,
      deal: deal.id,
      reader: request.ask.readerKey,
      purpose: 'TREAT',
      expiresAt: request.expiresAt,
    };
    const fragments = [];
    for (const leaf of leaves) {
      const answer = await ask(scene, { leaf });
      const boxed = test.cast.hash('boxed', answer.boxed);
      const key = region.members.find(({ id }) => id === answer.institution)!.keys.vault;
      expect(verifyDocument(used, key, 'fragments', 1, { requestId: request.id, leaf, boxed }, answer.signature)).toBe(
        true,
      );
      fragments.push(
        unboxFragments(used, deal, readerKey, context, bare, JSON.parse(fromUtf8(fromBase64url(answer.boxed)))),
      );
    }
    const { database, keyEncryption } = test.at('harbor').context;
    const section = bare[0]!.section;
    const { rows } = await database.query<{ wrapped_key: Buffer }>('SELECT wrapped_key FROM section WHERE id = $1', [
      section,
    ]);
    expect(openCapsules(used, deal, bare, fragments)).toEqual([
      await keyEncryption.unwrap(rows[0]!.wrapped_key, `section/${section}`),
    ]);
    expect(test.at('harbor').audited.at(-1)).toMatchObject({ action: 'fragments.released', purpose: 'TREAT' });
    await test.close();
  }, 120_000);
});

describe('a custodian refuses', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await setScene();
  }, 120_000);
  afterAll(() => scene.test.close());

  const forgeSection = (one: AnchoredCapsule, change: Partial<NonNullable<AnchoredCapsule['section']['capsule']>>) => ({
    ...one,
    section: { ...one.section, capsule: { ...one.section.capsule!, ...change } },
  });

  it.each<[string, string, (given: Scene) => Change | Promise<Change>]>([
    ['before the grant exists', 'access.incomplete', () => ({ approved: ['custodian@harbor'], grant: null })],
    ['a grant of leaves that do not fill the formula', 'access.incomplete', () => ({ approved: ['custodian@harbor'] })],
    ['a leaf that did not approve', 'access.incomplete', () => ({ leaf: 'custodian@summit' })],
    ['a leaf held elsewhere', 'access.out-of-scope', () => ({ to: 'summit' })],
    ['another institution than the reader’s', 'access.out-of-scope', () => ({ caller: 'summit' })],
    ['a revoked grant', 'access.revoked', () => ({ grant: { state: 'revoked' } })],
    ['an expired grant', 'access.expired', ({ test }) => ({ grant: { expiresAt: test.clock.now() } })],
    ['views of fewer than the quorum', 'view.invalid', () => ({ members: ['summit'] })],
    ['a view older than the lease', 'view.stale', ({ test }) => ({ view: { time: test.clock.now() - 5001 } })],
    [
      'another deal than the granted one',
      'access.out-of-scope',
      ({ test }) => ({ dealId: test.cast.hash('deal', 'other') }),
    ],
    [
      'a request granted under a weaker formula',
      'access.out-of-scope',
      ({ request }) => ({
        request: { ...request, formula: { k: 1, of: [{ leaf: 'custodian@harbor' }, { leaf: 'custodian@lakeside' }] } },
      }),
    ],
    [
      'what services filled where people had to',
      'access.incomplete',
      ({ request }) => ({ request: { ...request, approval: 'required' } }),
    ],
    [
      'a capsule whose point was changed',
      'vault.capsule',
      ({ capsules: [one], deal }) => ({ capsules: [forgeSection(one!, { E: deal.key })] }),
    ],
    [
      'a capsule of the sensitive class',
      'vault.capsule',
      async ({ test, deal }) => ({
        capsules: (await capsulesOf(test)).filter(({ section }) => section.capsule && section.capsule.deal !== deal.id),
      }),
    ],
    [
      'a capsule of an anchor that is not on the chain',
      'vault.capsule',
      ({ capsules: [one], test }) => ({
        capsules: [{ ...one!, anchor: { ...one!.anchor, recordRoot: test.cast.hash('x', 1) } }],
      }),
    ],
    [
      'a capsule at another place than proven',
      'vault.capsule',
      ({ capsules: [one] }) => ({ capsules: [{ ...one!, index: 1 }] }),
    ],
    ['a section twice', 'vault.capsule', ({ capsules: [one] }) => ({ capsules: [one!, one!] })],
    ['the source’s own bytes', 'vault.capsule', async ({ test }) => ({ capsules: (await capsulesOf(test)).slice(2) })],
  ])('%s', async (_, code, change) => {
    const given = await change(scene);
    await expect(ask(scene, given)).rejects.toMatchObject({ code });
    const custodian = given.to ?? (given.leaf ?? 'custodian@harbor').split('@')[1]!;
    expect(scene.test.at(custodian).audited.at(-1)).toMatchObject({ action: 'fragments.refused', problem: code });
  });

  it('without a durable audit entry', async () => {
    scene.test.away.add('audit.record');
    await expect(ask(scene)).rejects.toMatchObject({ code: 'peer.unavailable' });
    scene.test.away.clear();
    await expect(ask(scene)).resolves.toMatchObject({ leaf: 'custodian@harbor' });
  });

  it('once its own copy of the chain shows the revocation, though views of others do not', async () => {
    const { test, request } = scene;
    await expect(test.call('harbor', confirmRevocation, 'lakeside', { requestId: request.id })).rejects.toMatchObject({
      code: 'request.conflict',
    });
    await ask(scene, { leaf: 'custodian@lakeside' });
    test.chain.put(`grant/${request.id}`, test.cast.grant(request, leaves, { state: 'revoked' }));
    await expect(ask(scene, { leaf: 'custodian@lakeside' })).rejects.toMatchObject({ code: 'access.revoked' });
    const answer = await test.call('harbor', confirmRevocation, 'lakeside', { requestId: request.id });
    const { signature, ...content } = answer;
    expect(content).toEqual({ requestId: request.id, institution: 'lakeside', released: 1 });
    const key = test.region.members.find(({ id }) => id === 'lakeside')!.keys.vault;
    expect(verifyDocument(test.at('harbor').context.suite, key, 'revocation-confirmed', 1, content, signature)).toBe(
      true,
    );
    // even a copy of the chain that forgot it cannot bring it back
    test.chain.entries.delete(`grant/${request.id}`);
    await expect(ask(scene, { leaf: 'custodian@lakeside' })).rejects.toMatchObject({ code: 'access.revoked' });
  });
});
