import { signApproval, generateStaffKey } from '@medshare/client';
import { documentHash, signDocument, toBase64url } from '@medshare/crypto';
import { obtainToken } from '@medshare/identity';
import type { AskResponse, PendingApproval, Request, StaffCertificate } from '@medshare/events';
import { cast } from '../../apps/medshare/src/demo/cast.js';
import { audited, post, refusals, startDemo, until, type Demo } from '../harness/demo.js';
import { opensWithPeople } from './purposes.js';
import { refusesDishonestReader, type Stage } from './dishonest-reader.js';
import { HandReader, secretOf } from '../harness/hand-reader.js';
import { admission, hivTest, identifierOf, patient, sodium } from '../harness/messages.js';

const sensitive = 'sensitive:hiv';
const [mei, other] = [patient(21), patient(22)];
/** Somebody who signs in as a patient. */
const asker = { ...patient(23), citizen: cast.patient.value };
const of = (name: string) => ({ identifier: identifierOf(mei), owner: 'harbor', class: name });
const about = { identifier: identifierOf(mei), purpose: 'TREAT', relation: 'treating' as const, days: 7 };

describe('who may not, gets nothing', () => {
  let demo: Demo;
  let reader: HandReader;
  let summit: HandReader;
  const staff = new Map<string, ReturnType<Demo['as']>>();
  /** One client a person: a second certificate would be another key. */
  const as = (username: string, institution: string) => {
    const name = `${username}@${institution}`;
    const known = staff.get(name) ?? demo.as(username, institution);
    staff.set(name, known);
    return known;
  };
  const stage = {
    as,
    wish: of,
    serviceApproval: (by, request) => serviceApproval(demo.data, by, request),
  } as Stage;
  const waiting = (username: string, institution: string, requestId: string, leaf: string): Promise<PendingApproval> =>
    until(`${username} sees the request`, async () =>
      (await as(username, institution).approvals()).find((one) => one.requestId === requestId && one.leaf === leaf),
    );
  const requestOf = ({ requests }: AskResponse, name: string) => requests.find((one) => one.class === name)!.requestId;
  const incomplete = { class: sensitive, problem: 'access.incomplete' };

  beforeAll(async () => {
    demo = await startDemo();
    await demo.send('harbor', admission(mei), sodium(mei), hivTest(mei), admission(other), sodium(other));
    await demo.send('harbor', admission(asker), sodium(asker));
    await until('anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 7, 60_000);
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
    Object.assign(stage, { demo, reader, summit, brief: { asked, request: await reader.requested(asked) } });
  }, 330_000);

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
      for (const purpose of ['HRESCH', 'HPAYMT', 'HMARKT']) {
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
      // it does not say that people must approve either: the chain would find no place for them
      const { approval: _, ...request } = reader.request(asked, { formula });
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

    it('another purpose than the permit’s is refused by every holder', async () => {
      const asked = await reader.ask(of('ordinary'));
      const ask = { ...asked.ask, purpose: 'HPAYMT' };
      const request = reader.request({ ...asked, ask, signature: signWith(reader, 'ask', ask) });
      await reader.submit('request', request);
      for (const { id } of reader.region.members)
        await refusedNotice(id, reader.tell(id, reader.notice(asked, request)), request.id);
    }, 60_000);
  });

  opensWithPeople(stage);
  refusesDishonestReader(stage);
});

const signWith = ({ suite, key }: HandReader, type: string, value: unknown): string =>
  signDocument(suite, Buffer.from(key.privateKey, 'base64url'), type, 1, value);

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
