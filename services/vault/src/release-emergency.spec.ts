import { fromUtf8, fromBase64url, openCapsules, toBase64url, unboxFragments, verifyDocument } from '@medshare/crypto';
import {
  emergencyEvidence,
  releaseEmergency,
  type AnchoredCapsule,
  type DecisionReceipt,
  type EmergencyApproval,
  type Request,
} from '@medshare/events';
import { checkVault } from './check-vault.js';
import { salt, setScene, type Scene } from './fixture/scene.fixture.js';

const hour = 3_600_000;
const about = 'sensitive:hiv';
const leaves = ['ed@harbor', 'ed@summit'];

interface Asked {
  request: Request;
  receipt: DecisionReceipt;
}

interface Change {
  caller?: string;
  leaf?: string;
  to?: string;
  approvals?: EmergencyApproval[];
  asked?: Asked;
  capsules?: AnchoredCapsule[];
  salt?: string;
}

const emergencyOf = ({ test, deal, readerKey }: Scene, change = {}): Asked => {
  const reader = toBase64url(test.at('lakeside').context.suite.publicKeyOf(readerKey));
  return test.cast.emergency(deal, reader, salt, change);
};

function ask(scene: Scene, asked: Asked, change: Change = {}) {
  const { test, deal, capsules } = scene;
  const { request, receipt } = change.asked ?? asked;
  const leaf = change.leaf ?? 'ed@summit';
  const approvals = change.approvals ?? leaves.map((one) => test.cast.awayApproval(request, one));
  return test.call(change.caller ?? 'lakeside', releaseEmergency, change.to ?? leaf.slice(leaf.indexOf('@') + 1), {
    request,
    receipt,
    approvals,
    leaf,
    dealId: deal.id,
    salt: change.salt ?? salt,
    capsules: change.capsules ?? capsules,
  });
}

describe.each(['intl', 'sm'] as const)('an emergency while the chain is away, in suite %s', (suite) => {
  let scene: Scene;
  let asked: Asked;
  beforeAll(async () => void (scene = await setScene(suite, about)), 90_000);
  afterAll(() => scene.test.close());
  beforeEach(async () => {
    scene.test.chain.reachable = false;
    asked = emergencyOf(scene);
    for (const { context, audited } of scene.test.vaults.values()) {
      await context.database.query('TRUNCATE emergency, emergency_release, release, revocation, outbox');
      audited.length = 0;
    }
  });
  const refused = (change: Change, code: string) => expect(ask(scene, asked, change)).rejects.toMatchObject({ code });

  it('opens with the fragments of two emergency departments; entry and evidence stand before', async () => {
    const { test, deal, capsules, readerKey } = scene;
    const { request } = asked;
    const answers = [await ask(scene, asked, { leaf: 'ed@harbor' }), await ask(scene, asked)];
    const context = {
      grant: request.id,
      deal: deal.id,
      reader: request.ask.readerKey,
      purpose: 'ETREAT',
      expiresAt: request.expiresAt,
    };
    const used = test.at('summit').context.suite;
    const bare = capsules.map(({ section }) => section.capsule!);
    const fragments = answers.map(({ boxed }) =>
      unboxFragments(used, deal, readerKey, context, bare, JSON.parse(fromUtf8(fromBase64url(boxed)))),
    );
    expect(openCapsules(used, deal, bare, fragments)).toHaveLength(capsules.length);
    const [entry] = test.at('summit').audited;
    expect(entry).toMatchObject({
      action: 'fragments.released',
      purpose: 'ETREAT',
      agent: { institution: 'lakeside', person: 'ed-asker' },
    });
    expect(entry!.entities).toEqual(
      expect.arrayContaining([
        { kind: 'chain', id: 'away' },
        { kind: 'height', id: String(test.chain.height) },
      ]),
    );
    const [told] = await test.events('summit', 'emergency.released');
    const { release, approvals } = emergencyEvidence.parse(told!['evidence']);
    expect(approvals.map(({ leaf }) => leaf)).toEqual(leaves);
    expect(release).toMatchObject({ leaf: 'ed@summit', releasedAt: test.clock.now(), capsules: capsules.length });
    const { version: _, signature, ...content } = release!;
    const signed = { ...content, requestHash: test.cast.hash('request', request) };
    const key = fromBase64url(test.region.members.find(({ id }) => id === 'summit')!.keys.vault);
    expect(verifyDocument(used, key, 'emergency-release', 1, signed, signature)).toBe(true);
  });

  it('is named by fsck until the chain shows it', async () => {
    const { test } = scene;
    await ask(scene, asked);
    const findings = async () => {
      const found = [];
      for await (const one of checkVault(test.at('summit').context)) found.push(one);
      return found.filter(({ store }) => store.includes('emergency'));
    };
    expect(await findings()).toMatchObject([{ id: asked.request.id, problem: 'missing' }]);
    const { release } = emergencyEvidence.parse((await test.events('summit', 'emergency.released'))[0]!['evidence']);
    const key = `emergency-release/${release!.requestId}/${release!.leaf}/${release!.entry}`;
    test.chain.put(key, { ...release, capsules: 99 });
    expect(await findings()).toMatchObject([{ problem: 'disagrees' }]);
    test.chain.put(key, release);
    expect(await findings()).toEqual([]);
    test.chain.entries.delete(key);
  });

  it('releases nothing without a durable audit entry, and nothing without its evidence', async () => {
    const { test } = scene;
    test.away.add('audit.record');
    try {
      await refused({}, 'peer.unavailable');
    } finally {
      test.away.clear();
    }
    expect(await test.events('summit', 'emergency.released')).toEqual([]);
    const { outbox } = test.at('summit').context;
    const append = outbox.append;
    outbox.append = () => Promise.reject(new Error('the disk is full'));
    await expect(ask(scene, asked)).rejects.toThrow('the disk is full');
    outbox.append = append;
    const { rows } = await test.at('summit').context.database.query('SELECT 1 FROM emergency_release');
    expect(rows).toEqual([]);
  });

  it('is refused while the chain can be reached, whoever says it cannot', async () => {
    scene.test.chain.reachable = true;
    await refused({}, 'access.chain-reachable');
    expect(scene.test.at('summit').audited).toMatchObject([
      { action: 'fragments.refused', problem: 'access.chain-reachable' },
    ]);
  });

  it('is refused once the own copy shows the revocation, or another request under its id', async () => {
    const { test } = scene;
    const { request } = asked;
    test.chain.put(`grant/${request.id}`, test.cast.grant(request, leaves, { state: 'revoked' }));
    await refused({}, 'access.revoked');
    test.chain.entries.delete(`grant/${request.id}`);
    test.chain.put(`request/${request.id}`, { ...request, issuedAt: request.issuedAt - 1 });
    await refused({}, 'access.forged');
    test.chain.put(`request/${request.id}`, request);
    await ask(scene, asked);
    test.chain.entries.delete(`request/${request.id}`);
  });

  it('is refused to another institution, for a leaf held elsewhere, one that did not approve, or another deal', async () => {
    await refused({ caller: 'summit' }, 'access.out-of-scope');
    await refused({ leaf: 'ed@summit', to: 'harbor' }, 'access.out-of-scope');
    await refused({ leaf: 'ed@lakeside' }, 'access.incomplete');
    await refused({ salt: 'B'.repeat(43) }, 'access.out-of-scope');
  });

  it('is refused when approvals are of one institution alone, of who asked, of one person twice, forged or for another', async () => {
    const { cast } = scene.test;
    const { request } = asked;
    const one = cast.awayApproval(request, 'ed@summit');
    await refused({ approvals: [one] }, 'access.incomplete');
    await refused({ approvals: [one, cast.awayApproval(request, 'ed@lakeside', 'ed-asker')] }, 'access.self-approval');
    await refused({ approvals: [one, one] }, 'access.person-twice');
    await refused(
      { approvals: [one, { ...cast.awayApproval(request, 'ed@harbor'), approvedAt: request.issuedAt + 1 }] },
      'access.forged',
    );
    const other = emergencyOf(scene, { hours: 3 });
    await refused({ approvals: [one, cast.awayApproval(other.request, 'ed@harbor')] }, 'access.forged');
    const wrong = cast.certificate('harbor', 'the-clinician', ['clinician']).certificate;
    await refused(
      { approvals: [one, { ...cast.awayApproval(request, 'ed@harbor'), certificate: wrong }] },
      'access.forged',
    );
  });

  it('is refused beyond the clock bound, past its end, and beyond the policy’s hours', async () => {
    const { cast, clock } = scene.test;
    const now = clock.now();
    await refused({ asked: emergencyOf(scene, { issuedAt: now + 31_000 }) }, 'ledger.refused');
    await ask(scene, asked, { asked: emergencyOf(scene, { issuedAt: now + 29_000 }) });
    const future = cast.awayApproval(asked.request, 'ed@harbor', undefined, now + 31_000);
    await refused({ approvals: [cast.awayApproval(asked.request, 'ed@summit'), future] }, 'ledger.refused');
    await refused({ asked: emergencyOf(scene, { hours: 25 }) }, 'ledger.refused');
    const old = emergencyOf(scene, { issuedAt: now - 30 * 60_000, hours: 0.5 });
    const approvals = leaves.map((leaf) => cast.awayApproval(old.request, leaf, undefined, now - 1000));
    await refused({ asked: old, approvals }, 'access.expired');
  });

  it('is refused without the owner’s permit for exactly this, or against the owner’s wish', async () => {
    const { cast } = scene.test;
    const { request, receipt } = asked;
    const permits: [DecisionReceipt, string][] = [
      [{ ...receipt, outcome: 'deny' }, 'access.forged'],
      [cast.receipt({ ...receipt, outcome: 'deny' }), 'access.forged'],
      [cast.receipt({ ...receipt, deals: [] }), 'access.forged'],
      [cast.receipt({ ...receipt, askHash: salt }), 'access.forged'],
      [cast.receipt({ ...receipt, emergency: undefined } as DecisionReceipt), 'access.forged'],
      [emergencyOf(scene, { away: false }).receipt, 'access.denied'],
    ];
    for (const [permit, code] of permits) await refused({ asked: { request, receipt: permit } }, code);
  });

  it('is refused for an ordinary ask, and for capsules that are not anchored', async () => {
    const { test, deal, capsules } = scene;
    const ordinary = test.cast.request('lakeside', deal, asked.request.ask.readerKey, salt);
    await refused({ asked: { request: ordinary, receipt: asked.receipt } }, 'ledger.refused');
    const [first] = capsules;
    const loose = { ...first!, anchor: { ...first!.anchor, sealRoot: 'A'.repeat(43) } };
    await refused({ capsules: [loose] }, 'vault.capsule');
  });

  it('is limited by person, and answers for one request again', async () => {
    const { test } = scene;
    const { context } = test.at('summit');
    await ask(scene, asked);
    await ask(scene, asked);
    await context.database.query(
      `INSERT INTO emergency SELECT 'r' || n, 'ed@summit', gen_random_uuid(), 'lakeside', 'ed-asker', $1, 1 FROM generate_series(1, 9) n`,
      [new Date(test.clock.now() - hour)],
    );
    await ask(scene, asked);
    await context.database.query(
      `INSERT INTO emergency SELECT 'more', 'ed@summit', gen_random_uuid(), 'lakeside', 'ed-asker', $1, 1`,
      [new Date(test.clock.now() - hour)],
    );
    await refused({}, 'request.rate-limited');
    // yesterday's count no more
    await context.database.query('UPDATE emergency SET first_at = $1', [new Date(test.clock.now() - 25 * hour)]);
    await ask(scene, asked);
  });
});
