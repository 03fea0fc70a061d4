import { signApproval, generateStaffKey } from '@medshare/client';
import { canonical, documentHash, openCapsules, sealCapsule, signDocument, toBase64url } from '@medshare/crypto';
import { obtainToken } from '@medshare/identity';
import type { AskResponse, PendingApproval, Request, StaffCertificate } from '@medshare/events';
import { audited, post, refusals, startDemo, until, type Demo } from '../harness/demo.js';
import { HandReader, secretOf, type Asked } from '../harness/hand-reader.js';
import { admission, hivTest, identifierOf, patient, sodium } from '../harness/messages.js';

const sensitive = 'sensitive:hiv';
const [mei, other] = [patient(21), patient(22)];
const of = (name: string) => ({ identifier: identifierOf(mei), owner: 'harbor', class: name });
const about = { identifier: identifierOf(mei), purpose: 'TREAT', relation: 'treating' as const, days: 7 };

describe('who may not, gets nothing', () => {
  let demo: Demo;
  let reader: HandReader;
  let summit: HandReader;
  /** Granted for some seconds only; asked for first, so that it has expired when it is looked at. */
  let brief: { asked: Asked; request: Request };
  const staff = new Map<string, ReturnType<Demo['as']>>();
  /** One client a person: a second certificate would be another key. */
  const as = (username: string, institution: string) => {
    const name = `${username}@${institution}`;
    const known = staff.get(name) ?? demo.as(username, institution);
    staff.set(name, known);
    return known;
  };
  const waiting = (username: string, institution: string, requestId: string, leaf: string): Promise<PendingApproval> =>
    until(`${username} sees the request`, async () =>
      (await as(username, institution).approvals()).find((one) => one.requestId === requestId && one.leaf === leaf),
    );
  const requestOf = ({ requests }: AskResponse, name: string) => requests.find((one) => one.class === name)!.requestId;
  const incomplete = { class: sensitive, problem: 'access.incomplete' };

  beforeAll(async () => {
    demo = await startDemo();
    await demo.send('harbor', admission(mei), sodium(mei), hivTest(mei), admission(other), sodium(other));
    await until('anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 5, 60_000);
    [reader, summit] = await Promise.all([
      HandReader.of(demo, 'dr.chen', 'lakeside'),
      HandReader.of(demo, 'dr.chen', 'summit'),
    ]);
    await until('shareable', async () => {
      const { proposals } = await reader.ask(of(sensitive));
      return (
        proposals.length >= 2 &&
        (await reader.ask({ ...of('ordinary'), identifier: identifierOf(other) })).proposals.length
      );
    });
    const asked = await reader.ask({ ...of('ordinary'), lasts: 12_000 });
    brief = { asked, request: await reader.requested(asked) };
  }, 150_000);

  afterAll(async () => {
    await Promise.all([reader?.close(), summit?.close()]);
    await demo?.stop();
    await demo?.remove();
  }, 60_000);

  describe('people', () => {
    let asked: AskResponse;

    beforeAll(async () => {
      asked = await as('dr.chen', 'lakeside').ask(about);
      await until('ordinary granted', async () =>
        (await as('dr.chen', 'lakeside').asked(asked.askId)).requests.some(({ state }) => state === 'granted'),
      );
    }, 60_000);

    it('a third user sees neither the ask nor what was opened', async () => {
      const { opened } = await as('dr.chen', 'lakeside').open(asked.askId);
      expect(opened.length).toBeGreaterThan(0);
      const third = as('dr.wu', 'lakeside');
      await expect(third.asked(asked.askId)).rejects.toMatchObject({ code: 'request.not-found' });
      await expect(third.open(asked.askId)).rejects.toMatchObject({ code: 'request.not-found' });
      await expect(third.bundle(opened[0]!.bundle)).rejects.toMatchObject({ code: 'request.not-found' });
      expect(await refusals(demo, 'lakeside', 'section.refused', `ask|${asked.askId}`)).toContain('auth.forbidden');
      expect(await refusals(demo, 'lakeside', 'section.refused', `bundle|${opened[0]!.bundle}`)).toContain(
        'auth.forbidden',
      );
    }, 60_000);

    it('a wrong password signs nobody in, and each sign-in is written down', async () => {
      const { issuer } = demo.institutions.summit!;
      const signIn = obtainToken({ issuer, username: 'dr.wu', password: 'not the password' });
      await expect(signIn).rejects.toMatchObject({ code: 'auth.unauthenticated' });
      await until('both are in the log', async () => {
        const failed = await audited(demo, 'summit', 'login.failed');
        return failed === 1 && (await audited(demo, 'summit', 'login.succeeded')) >= 1;
      });
    }, 60_000);

    it('one of two approvals is not enough, and the same one again does not help', async () => {
      const requestId = requestOf(asked, sensitive);
      const pending = await waiting('officer.li', 'harbor', requestId, 'privacy-officer@harbor');
      expect(await as('officer.li', 'harbor').approve(pending)).toMatchObject({ granted: false });
      expect(await as('officer.li', 'harbor').approve(pending)).toMatchObject({ granted: false });
      const { opened, refused } = await as('dr.chen', 'lakeside').open(asked.askId);
      expect(opened.some((one) => one.class === sensitive)).toBe(false);
      expect(refused).toMatchObject([incomplete]);
      expect(await refusals(demo, 'lakeside', 'section.refused', `request|${requestId}`)).toContain(
        'access.incomplete',
      );
    }, 60_000);

    it('two readers with half of the approvals each cannot pool them', async () => {
      const second = await as('dr.wu', 'lakeside').ask(about);
      const [first, requestId] = [requestOf(asked, sensitive), requestOf(second, sensitive)];
      await as('dr.wu', 'harbor').approve(await waiting('dr.wu', 'harbor', requestId, 'attending@harbor'));
      for (const [who, id] of [
        ['dr.chen', asked.askId],
        ['dr.wu', second.askId],
      ] as const)
        expect((await as(who, 'lakeside').open(id)).refused).toContainEqual(expect.objectContaining(incomplete));
      // the approval of one request, brought to the other one
      const [given] = await reader.views(first, ['lakeside']);
      const approval = given!.state.approvals.find(({ leaf }) => leaf === 'privacy-officer@harbor')!;
      await expect(reader.submit('approve', { ...approval, requestId })).rejects.toMatchObject({
        code: 'access.forged',
      });
      const views = await reader.views(requestId);
      expect(views.map(({ state }) => state.grant)).toEqual([null, null, null]);
    }, 60_000);

    it('nobody approves what they asked for themselves', async () => {
      const own = await as('dr.wu', 'harbor').ask(about);
      const requestId = requestOf(own, sensitive);
      const pending = await waiting('dr.wu', 'harbor', requestId, 'attending@harbor');
      await expect(as('dr.wu', 'harbor').approve(pending)).rejects.toMatchObject({ code: 'access.self-approval' });
      expect((await as('dr.wu', 'harbor').open(own.askId)).refused).toContainEqual(expect.objectContaining(incomplete));
      expect(await refusals(demo, 'harbor', 'approval.refused', `request|${requestId}`)).toEqual([
        'access.self-approval',
      ]);
    }, 60_000);

    it('one person fills one leaf, whatever roles they hold', async () => {
      const fresh = await as('dr.chen', 'lakeside').ask(about);
      const requestId = requestOf(fresh, sensitive);
      const both = as('dr.both', 'harbor');
      await both.approve(await waiting('dr.both', 'harbor', requestId, 'privacy-officer@harbor'));
      const attending = await waiting('dr.both', 'harbor', requestId, 'attending@harbor');
      await expect(both.approve(attending)).rejects.toMatchObject({ code: 'access.person-twice' });
      expect((await as('dr.chen', 'lakeside').open(fresh.askId)).refused).toContainEqual(
        expect.objectContaining(incomplete),
      );
      expect(await refusals(demo, 'harbor', 'approval.refused', `request|${requestId}`)).toEqual([
        'access.person-twice',
      ]);
    }, 60_000);

    it('a forged approval is refused: another key, added roles, another institution', async () => {
      const requestId = requestOf(asked, sensitive);
      const pending = await waiting('dr.wu', 'harbor', requestId, 'attending@harbor');
      const genuine = await as('dr.wu', 'harbor').certificate();
      const stranger = generateStaffKey('intl');
      const path = `/access/approvals/${requestId}`;
      const otherKey = signApproval(stranger, genuine, pending);
      expect(await post(demo, 'harbor', 'dr.wu', path, otherKey)).toMatchObject({ status: 403, code: 'access.forged' });
      const swapped = signApproval(stranger, { ...genuine, publicKey: stranger.publicKey }, pending);
      expect(await post(demo, 'harbor', 'dr.wu', path, swapped)).toMatchObject({ status: 403, code: 'access.forged' });
      const chen = await HandReader.of(demo, 'dr.chen', 'harbor');
      const promoted: StaffCertificate = { ...chen.certificate, roles: ['attending', 'clinician'] };
      expect(await post(demo, 'harbor', 'dr.chen', path, signApproval(chen.key, promoted, pending))).toMatchObject({
        code: 'access.forged',
      });
      const foreign = await HandReader.of(demo, 'dr.wu', 'summit');
      const abroad = signApproval(foreign.key, foreign.certificate, pending);
      expect(await post(demo, 'harbor', 'dr.wu', path, abroad)).toMatchObject({ code: 'access.forged' });
      expect(await refusals(demo, 'harbor', 'approval.refused', `request|${requestId}`)).toEqual(
        Array(4).fill('access.forged'),
      );
      // past the access role, straight to the chain
      const args = { version: 1, requestId, ...abroad };
      await expect(foreign.submit('approve', args)).rejects.toMatchObject({ code: 'access.not-a-leaf' });
      const dressed = { ...args, certificate: { ...foreign.certificate, institution: 'harbor' } };
      await expect(foreign.submit('approve', dressed)).rejects.toMatchObject({ code: 'access.forged' });
      await Promise.all([chen.close(), foreign.close()]);
    }, 60_000);

    it('a wrong purpose is denied before anything is proposed', async () => {
      for (const purpose of ['HRESCH', 'HPAYMT', 'PATRQT']) {
        const denied = await as('dr.chen', 'lakeside').ask({ ...about, purpose });
        expect([denied.requests, denied.receipts.map(({ outcome, deals }) => [outcome, deals])]).toEqual([
          [],
          [['deny', []]],
        ]);
        expect(await refusals(demo, 'harbor', 'ask.decided', `ask|${denied.askId}`)).toEqual(['access.no-legal-basis']);
      }
      const unrelated = await as('dr.chen', 'lakeside').ask({ ...about, relation: 'none' });
      expect([unrelated.requests, unrelated.receipts.map(({ outcome }) => outcome)]).toEqual([[], ['deny']]);
    }, 60_000);
  });

  describe('a dishonest institution before the grant', () => {
    const refusedNotice = async (holder: string, promise: Promise<unknown>, requestId: string) => {
      await expect(promise).rejects.toMatchObject({ code: 'access.forged' });
      expect(await refusals(demo, holder, 'approval.refused', `request|${requestId}`)).toContain('access.forged');
    };

    it('custodians answer no request past the owner’s decision', async () => {
      const asked = await reader.ask(of('ordinary'));
      const request = reader.request(asked);
      await reader.submit('request', request);
      const { receipt } = reader.notice(asked, request);
      const denied = (await reader.ask({ ...of('ordinary'), purpose: 'HRESCH' })).receipts[0]!;
      for (const wrong of [
        { ...receipt, signature: toBase64url(new Uint8Array(64).fill(1)) },
        { ...receipt, class: sensitive },
        { ...denied, outcome: 'permit' as const },
        denied,
      ])
        await refusedNotice(
          'summit',
          reader.tell('summit', reader.notice(asked, request, { receipt: wrong })),
          request.id,
        );
      const views = await reader.views(request.id);
      expect(views[0]!.state).toMatchObject({ approvals: [], grant: null });
      const release = reader.release(reader.body(asked, request, 'custodian@summit', views));
      await expect(release).rejects.toMatchObject({ code: 'access.incomplete' });
      expect(await refusals(demo, 'summit', 'fragments.refused', `request|${request.id}`)).toEqual([
        'access.incomplete',
      ]);
    }, 60_000);

    it('a permit serves the person it was given to, and only the deals it names', async () => {
      const asked = await reader.ask(of('ordinary'));
      const { salt, deal, dealCommitment } = reader.proposal(asked);
      // a leaf holder saw deal, salt and permit in a notice, and asks for itself
      const theirs = { ...(await summit.ask(of('ordinary'))), proposals: asked.proposals, receipts: asked.receipts };
      theirs.ask = { ...theirs.ask, askId: asked.ask.askId };
      theirs.signature = signWith(summit, 'ask', theirs.ask);
      const stolen = summit.request(theirs);
      await summit.submit('request', stolen);
      await refusedNotice('lakeside', summit.tell('lakeside', summit.notice(theirs, stolen)), stolen.id);
      // the permit for one patient, used for the deal of another one that it holds a leaf of
      const second = await reader.ask({ ...of('ordinary'), identifier: identifierOf(other) });
      const foreign = reader.proposal(second).deal;
      const commitment = documentHash(reader.suite, 'deal-commitment', 1, { dealId: foreign.id, salt });
      const moved = reader.request(
        await reader.ask(of('ordinary')).then((one) => ({ ...asked, ask: one.ask, signature: one.signature })),
        {
          dealCommitment: commitment,
        },
      );
      await reader.submit('request', moved);
      await refusedNotice(
        'summit',
        reader.tell('summit', reader.notice(asked, moved, { dealId: foreign.id })),
        moved.id,
      );
      // and the ordinary permit for the sensitive deal of the same patient
      const hidden = asked.proposals.find((one) => one.class === sensitive)!;
      const risen = reader.request(asked, {
        dealCommitment: hidden.dealCommitment,
        formula: hidden.deal.formula as Request['formula'],
      });
      await reader.submit('request', risen);
      const notice = reader.notice(asked, risen, { dealId: hidden.deal.id, salt: hidden.salt });
      await refusedNotice('harbor', reader.tell('harbor', notice), risen.id);
      expect([deal.id, dealCommitment]).not.toContain(hidden.deal.id);
    }, 60_000);

    it('a request under a weaker formula than the deal’s is granted on the chain and opens nothing', async () => {
      const asked = await reader.ask(of(sensitive));
      const formula: Request['formula'] = { k: 1, of: [{ leaf: 'custodian@lakeside' }, { leaf: 'custodian@summit' }] };
      const request = reader.request(asked, { formula });
      await reader.submit('request', request);
      await reader.submit('approve', await serviceApproval(demo.data, reader, request));
      const views = await reader.granted(request.id);
      for (const holder of ['harbor', 'summit'])
        await refusedNotice(holder, reader.tell(holder, reader.notice(asked, request)), request.id);
      const release = reader.release(reader.body(asked, request, 'custodian@lakeside', views));
      await expect(release).rejects.toMatchObject({ code: 'access.out-of-scope', where: 'formula' });
      const absent = reader.release(reader.body(asked, request, 'custodian@summit', await reader.views(request.id)));
      await expect(absent).rejects.toMatchObject({ code: 'access.incomplete' });
      expect(await refusals(demo, 'summit', 'fragments.refused', `request|${request.id}`)).toEqual([
        'access.incomplete',
      ]);
      expect(await refusals(demo, 'lakeside', 'fragments.refused', `request|${request.id}`)).toEqual([
        'access.out-of-scope',
      ]);
    }, 60_000);

    it('services do not stand in for the people whom the law wants to approve', async () => {
      const officer = await HandReader.of(demo, 'officer.li', 'lakeside');
      const asked = await officer.ask({ ...of('ordinary'), purpose: 'HOPERAT' });
      expect(asked.receipts.map(({ outcome }) => outcome)).toEqual(['permit']);
      const request = await officer.requested(asked);
      for (const { id } of officer.region.members)
        await until(`${id} has refused`, async () =>
          (await refusals(demo, id, 'approval.refused', `request|${request.id}`)).includes('access.denied'),
        );
      expect((await officer.views(request.id)).map(({ state }) => state.grant)).toEqual([null, null, null]);
      await officer.close();
    }, 60_000);

    it('another purpose than the permit’s is refused by every holder', async () => {
      const asked = await reader.ask(of('ordinary'));
      const ask = { ...asked.ask, purpose: 'ETREAT' };
      const request = reader.request({ ...asked, ask, signature: signWith(reader, 'ask', ask) });
      await reader.submit('request', request);
      for (const { id } of reader.region.members)
        await refusedNotice(id, reader.tell(id, reader.notice(asked, request)), request.id);
    }, 60_000);
  });

  describe('a dishonest institution with a grant', () => {
    let asked: Asked;
    let request: Request;
    const leaf = 'custodian@summit';
    const good = async () => reader.body(asked, request, leaf, await reader.views(request.id));
    const refused = async (holder: string, promise: Promise<unknown>, code: string, id = request.id) => {
      await expect(promise).rejects.toMatchObject({ code });
      expect((await refusals(demo, holder, 'fragments.refused', `request|${id}`))[0]).toBe(code);
    };

    beforeAll(async () => {
      asked = await reader.ask(of('ordinary'));
      request = await reader.requested(asked);
      await reader.granted(request.id, ['custodian@harbor', 'custodian@summit']);
    }, 60_000);

    it('opens what was granted, by the way that all refusals below take', async () => {
      const views = await reader.views(request.id);
      const fragments = await Promise.all(
        ['custodian@harbor', leaf].map(async (one) =>
          reader.unbox(asked, request, await reader.release(reader.body(asked, request, one, views))),
        ),
      );
      const bare = reader.capsules(asked).map(({ section }) => section.capsule!);
      const keys = openCapsules(reader.suite, reader.proposal(asked).deal, bare, fragments);
      expect(keys.map((key) => key.length)).toEqual(bare.map(() => 32));
      expect(() => openCapsules(reader.suite, reader.proposal(asked).deal, bare, fragments.slice(1))).toThrow(
        'not met',
      );
    }, 60_000);

    it('fragments are for the reader, grant and purpose they were asked for', async () => {
      const released = await reader.release(await good());
      const stranger = reader.suite.generateKeyPair().privateKey;
      expect(() => reader.unbox(asked, request, released, { readerKey: stranger })).toThrow('the box does not open');
      expect(() => reader.unbox(asked, request, released, { purpose: 'ETREAT' })).toThrow('the box does not open');
      expect(() => reader.unbox(asked, { ...request, id: brief.request.id }, released)).toThrow(
        'the box does not open',
      );
    }, 60_000);

    it('another institution gets nothing for it', async () => {
      await refused('harbor', summit.release({ ...(await good()), leaf: 'custodian@harbor' }), 'access.out-of-scope');
    }, 60_000);

    it('another leaf, deal or salt is out of scope', async () => {
      await refused('summit', reader.release({ ...(await good()), leaf: 'ed@summit' }), 'access.incomplete');
      await refused('harbor', reader.release(await good(), 'harbor'), 'access.out-of-scope');
      const hidden = asked.proposals.find((one) => one.class === sensitive)!;
      await refused('summit', reader.release({ ...(await good()), dealId: hidden.deal.id }), 'access.out-of-scope');
      await refused('summit', reader.release({ ...(await good()), salt: hidden.salt }), 'access.out-of-scope');
    }, 60_000);

    it('views of too few members, of one member twice, altered or of another request count for nothing', async () => {
      const body = await good();
      const [first, second, third] = body.views;
      await refused('summit', reader.release({ ...body, views: [first!] }), 'view.invalid');
      await refused('summit', reader.release({ ...body, views: [first!, first!] }), 'view.invalid');
      const altered = {
        ...second!,
        state: { ...second!.state, grant: { ...second!.state.grant!, leaves: [leaf, 'ed@summit'] } },
      };
      await refused('summit', reader.release({ ...body, views: [first!, altered, third!] }), 'view.invalid');
      const again = (await reader.views(request.id, ['harbor']))[0]!;
      await refused('summit', reader.release({ ...body, views: [first!, again] }), 'view.invalid');
      await refused('summit', reader.release({ ...body, views: await reader.views(brief.request.id) }), 'view.invalid');
    }, 60_000);

    it('a capsule without its proof, of another deal, or not anchored gets no fragment', async () => {
      const body = await good();
      const [one] = body.capsules;
      const { capsule } = one!.section;
      const withCapsule = (changed: object) => [
        { ...one!, section: { ...one!.section, capsule: { ...capsule!, ...changed } } },
      ];
      const forged = sealCapsule(reader.suite, reader.proposal(asked).deal, one!.section.section).capsule;
      await refused(
        'summit',
        reader.release({ ...body, capsules: withCapsule({ z: toBase64url(reader.suite.randomBytes(32)) }) }),
        'vault.capsule',
      );
      await refused('summit', reader.release({ ...body, capsules: withCapsule(forged) }), 'vault.capsule');
      const hidden = asked.proposals.find((proposal) => proposal.class === sensitive)!;
      await refused(
        'summit',
        reader.release({ ...body, capsules: reader.capsules(asked, hidden.deal.id) }),
        'vault.capsule',
      );
      const moved = reader.capsules(asked, hidden.deal.id)[0]!.section.capsule!;
      await refused(
        'summit',
        reader.release({ ...body, capsules: withCapsule({ ...moved, deal: capsule!.deal }) }),
        'vault.capsule',
      );
      await refused(
        'summit',
        reader.release({ ...body, capsules: [{ ...one!, institution: 'lakeside' }] }),
        'vault.capsule',
      );
      await refused('summit', reader.release({ ...body, capsules: [one!, one!] }), 'vault.capsule');
      // a tree of its own around its own capsule: everything proves, but nobody anchored it
      const section = { ...one!.section, capsule: forged };
      const root = documentRoot(reader, section);
      const loose = { ...one!, section, index: 0, size: 1, proof: [], anchor: { ...one!.anchor, sealRoot: root } };
      await refused('summit', reader.release({ ...body, capsules: [loose] }), 'vault.capsule');
    }, 60_000);

    it('a grant that has expired releases nothing more', async () => {
      const { asked: short, request: over } = brief;
      await until('it has expired', async () => over.expiresAt < Date.now(), 20_000);
      const views = await reader.views(over.id);
      expect(views[0]!.state.grant).toMatchObject({ state: 'active' });
      await refused('summit', reader.release(reader.body(short, over, leaf, views)), 'access.expired', over.id);
      await expect(reader.submit('request', reader.request(short, { issuedAt: 1 }))).rejects.toMatchObject({
        code: 'ledger.refused',
      });
    }, 60_000);

    it('views from before a revocation are refused at once, and as stale after the lease', async () => {
      const before = await good();
      expect((await reader.release(before)).leaf).toBe(leaf);
      const requestHash = documentHash(reader.suite, 'request', 1, request);
      const content = { requestId: request.id, requestHash, reason: 'misuse' as const };
      const officer = as('officer.li', 'harbor');
      await officer.revoke(content);
      await refused('summit', reader.release(before), 'access.revoked');
      await refused('summit', reader.release(await good()), 'access.revoked');
      await new Promise((resolve) => setTimeout(resolve, reader.region.leaseMs));
      await refused('summit', reader.release(before), 'view.stale');
      const views = await reader.views(request.id);
      expect(views.map(({ state }) => state.grant?.state)).toEqual(['revoked', 'revoked', 'revoked']);
    }, 60_000);
  });
});

const signWith = ({ suite, key }: HandReader, type: string, value: unknown): string =>
  signDocument(suite, Buffer.from(key.privateKey, 'base64url'), type, 1, value);

/** The root of a tree whose only leaf is this section. */
const documentRoot = ({ suite }: HandReader, section: object): string =>
  toBase64url(suite.hash(new Uint8Array([0]), Buffer.from(canonical(section))));

/** What an institution's service can sign when it wants to: its access key is its own. */
async function serviceApproval(data: string, { institution, suite }: HandReader, request: Request): Promise<object> {
  const privateKey = await secretOf(data, institution, 'access');
  const leaf = `custodian@${institution}`;
  const body = {
    version: 1 as const,
    institution,
    suite: suite.name,
    notBefore: Date.now() - 1000,
    notAfter: Date.now() + 3_600_000,
    publicKey: toBase64url(suite.publicKeyOf(privateKey)),
    roles: ['custodian'],
    kind: 'service' as const,
    person: 'custodian-service',
  };
  const certificate = { ...body, signature: signDocument(suite, privateKey, 'staff-certificate', 1, body) };
  const content = { requestId: request.id, requestHash: documentHash(suite, 'request', 1, request), leaf };
  return {
    version: 1,
    requestId: request.id,
    leaf,
    certificate,
    signature: signDocument(suite, privateKey, 'approval', 1, content),
  };
}
