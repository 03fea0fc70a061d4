import type { ChildProcess } from 'node:child_process';
import { collectApprovals, findAnchors, releaseEmergency, type AskResponse, type Request } from '@medshare/events';
import type { z } from 'zod';
import { within } from '../faults/database-of.js';
import { runFsck } from '../faults/run-fsck.js';
import { audited, post, until, type Demo } from '../harness/demo.js';
import { dumpOf } from '../harness/disk.js';
import { HandReader, type Asked } from '../harness/hand-reader.js';
import { killInstitution, startInstitution, stopProcess } from '../harness/institution-process.js';
import { admission, hivTest, identifierOf, patient, sodium } from '../harness/messages.js';

/** Whose account the demo has. */
const who = { ...patient(77), citizen: 'E-1985-0317-442' };
const identifier = identifierOf(who);

type Body = z.infer<typeof releaseEmergency.request>;

/**
 * Breaking the glass on real sockets: on the chain, then while its orderer, harbor, is gone, then with harbor back. summit made the
 * records, lakeside's emergency department asks.
 */
export function emergencyFlow(demoOf: () => Demo): void {
  describe('an emergency', () => {
    const reason = { code: 'unconscious' as const, text: 'found on platform 9, no papers' };
    const people = {} as Record<
      'asker' | 'colleague' | 'harbor' | 'summit' | 'officer' | 'own',
      ReturnType<Demo['as']>
    >;
    const classes = ['ordinary', 'sensitive:hiv'];
    let asked: AskResponse;
    let away: AskResponse;
    let between: AskResponse;
    let reader: HandReader;
    let body: Body;
    let restarted: ChildProcess | undefined;

    beforeAll(async () => {
      const demo = demoOf();
      Object.assign(people, {
        asker: demo.as('ed.zhao', 'lakeside'),
        colleague: demo.as('ed.kaya', 'lakeside'),
        harbor: demo.as('ed.zhao', 'harbor'),
        summit: demo.as('ed.zhao', 'summit'),
        officer: demo.as('officer.li', 'summit'),
        own: demo.as('officer.li', 'lakeside'),
      });
      await demo.send('summit', admission(who), sodium(who), hivTest(who));
      await until('anchored', async () => (await audited(demo, 'summit', 'record.anchored')) >= 3, 60_000);
    }, 120_000);
    afterAll(() => stopProcess(restarted), 30_000);

    const breakGlass = () => people.asker.breakGlass({ identifier, reason });
    const both = async () => {
      const answer = await breakGlass();
      const found = new Set(answer.requests.map((one) => one.class));
      return classes.every((one) => found.has(one)) && answer;
    };
    const pendingOf = async (client: ReturnType<Demo['as']>, of: AskResponse) => {
      const ids = new Set(of.requests.map(({ requestId }) => requestId));
      return (await client.approvals()).filter(({ requestId, leaf }) => ids.has(requestId) && leaf.startsWith('ed@'));
    };
    const approve = async (client: ReturnType<Demo['as']>, of: AskResponse) => {
      const waiting = await until('it waits', async () => {
        const pending = await pendingOf(client, of);
        return pending.length > 0 && pending;
      });
      for (const one of waiting) await client.approve(one);
      return waiting;
    };
    const openAll = (of: AskResponse) =>
      until(
        'both classes open',
        async () => {
          await people.asker.asked(of.askId);
          const { opened, refused } = await people.asker.open(of.askId);
          const found = new Set(opened.map((one) => one.class));
          if (!classes.every((one) => found.has(one))) throw new Error(`refused: ${JSON.stringify(refused)}`);
          return opened;
        },
        60_000,
      );

    describe('on the chain', () => {
      it('opens everything once two other people of two institutions agreed, and not before', async () => {
        asked = await until('the deals are shareable', both, 60_000);
        expect(asked.receipts.every(({ emergency }) => emergency?.away === true)).toBe(true);
        expect(asked.requests.every(({ expiresAt }) => expiresAt - Date.now() < 4 * 3_600_000)).toBe(true);
        const began = performance.now();
        const [shown] = await approve(people.colleague, asked);
        expect(shown).toMatchObject({ class: 'sensitive:hiv', purpose: 'ETREAT', emergency: reason });
        // one institution alone
        const { refused } = await people.asker.open(asked.askId);
        expect(refused).toContainEqual(
          expect.objectContaining({ class: 'sensitive:hiv', problem: 'access.incomplete' }),
        );
        await approve(people.harbor, asked);
        const opened = await openAll(asked);
        figure('approve to open on the chain', performance.now() - began);
        const bundle = opened.find((one) => one.class === 'sensitive:hiv')!.bundle;
        expect(new TextDecoder().decode(await people.asker.bundle(bundle))).toContain('75622-1');
      }, 120_000);

      it('is refused to who asked, in another role, without a reason, and for another institution’s approver', async () => {
        const demo = demoOf();
        const own = await pendingOf(people.asker, asked);
        await expect(people.asker.approve(own[0]!)).rejects.toMatchObject({
          code: expect.stringMatching(/access\.self-approval|ledger\.refused/),
        });
        const doctor = demo.as('dr.chen', 'lakeside');
        const denied = await doctor.breakGlass({ identifier, reason });
        expect(denied.requests).toEqual([]);
        expect(denied.receipts).toMatchObject([{ outcome: 'deny', problem: 'access.no-legal-basis' }]);
        expect(await post(demo, 'lakeside', 'ed.zhao', '/reader/drafts', { purpose: 'ETREAT', days: 1 })).toMatchObject(
          {
            status: 422,
            code: 'access.reason-missing',
          },
        );
        const silent = { ...reason, code: 'other' as const, text: ' ' };
        await expect(people.asker.breakGlass({ identifier, reason: silent })).rejects.toMatchObject({
          code: 'access.reason-missing',
        });
        await expect(people.own.approvals()).resolves.not.toContainEqual(
          expect.objectContaining({ requestId: asked.requests[0]!.requestId }),
        );
      }, 60_000);

      it('is told to the patient, and reviewed at both institutions', async () => {
        const demo = demoOf();
        const told = await demo.as('mei.lin', 'summit').notifications();
        expect(told[0]).toMatchObject({
          kind: 'emergency',
          purpose: 'ETREAT',
          code: 'unconscious',
          requester: { institution: 'lakeside', roles: ['ed'] },
        });
        expect(new Set(told[0]!.classes)).toEqual(new Set(classes));
        for (const [officer, side] of [
          [people.officer, 'owner'],
          [people.own, 'requester'],
        ] as const) {
          const found = (await officer.reviews('due')).find(({ askId }) => askId === asked.askId)!;
          expect(found).toMatchObject({ side, reason, overdue: false, state: 'open' });
          const { reviewId } = found;
          await officer.closeReview(reviewId, { outcome: 'needs-follow-up', reason: 'ask the ward' });
          expect(await officer.closeReview(reviewId, { outcome: 'justified', reason: 'it was so' })).toMatchObject({
            state: 'closed',
          });
          const again = officer.closeReview(reviewId, { outcome: 'not-justified', reason: 'no' });
          await expect(again).rejects.toMatchObject({ code: 'request.conflict' });
          const closed = (await officer.reviews('closed')).find((one) => one.reviewId === reviewId)!;
          expect(closed.outcomes.map(({ outcome }) => outcome)).toEqual(['needs-follow-up', 'justified']);
        }
        const refused = post(demo, 'summit', 'ed.zhao', `/access/reviews/${asked.askId}`, {
          outcome: 'justified',
          reason: 'my own',
        });
        expect(await refused).toMatchObject({ status: 403 });
      }, 60_000);

      it('has a reason that stands in no table and on no chain in clear', async () => {
        for (const institution of ['harbor', 'lakeside', 'summit'])
          await within(demoOf().data, institution, async (client) => {
            for await (const { place, bytes } of dumpOf(client))
              expect([place, bytes.includes('platform 9')]).toEqual([place, false]);
          });
      }, 60_000);
    });

    describe('while the chain is away', () => {
      it('opens in seconds on signed approvals of two institutions, and not on less', async () => {
        const demo = demoOf();
        between = await both().then((answer) => answer || Promise.reject(new Error('a class is missing')));
        await killInstitution(demo, 'harbor');
        const began = performance.now();
        away = await breakGlass();
        expect(away.requests.map((one) => [one.owner, one.away])).toEqual(away.requests.map(() => ['summit', true]));
        const [shown] = await approve(people.summit, away);
        expect(shown).toMatchObject({ away: true, emergency: reason });
        const [own] = await pendingOf(people.asker, away);
        await expect(people.asker.approve(own!)).rejects.toMatchObject({ code: 'access.self-approval' });
        const { refused } = await people.asker.open(away.askId);
        expect(refused).toContainEqual(
          expect.objectContaining({ class: 'sensitive:hiv', problem: 'access.incomplete' }),
        );
        await approve(people.colleague, away);
        const opened = await openAll(away);
        figure('ask to open with the chain away', performance.now() - began);
        expect(opened.every(({ owner }) => owner === 'summit')).toBe(true);
      }, 120_000);

      it('opens also what was asked on the chain before it went away', async () => {
        expect(between.requests.every((one) => one.away === undefined)).toBe(true);
        // looked at, it is told to decide without the chain; what services alone approve may have been granted in time
        const looked = await people.asker.asked(between.askId);
        const mine = looked.requests.filter(({ owner }) => owner === 'summit');
        const waiting = mine.filter(({ state }) => state !== 'granted');
        expect(waiting.map((one) => one.class)).toContain('sensitive:hiv');
        expect(waiting.map((one) => one.away)).toEqual(waiting.map(() => true));
        for (const one of [people.summit, people.colleague]) await approve(one, between);
        expect((await openAll(between)).every(({ owner }) => owner === 'summit')).toBe(true);
      }, 120_000);

      it('is answered to exactly what was approved: the same again, and nothing else', async () => {
        const demo = demoOf();
        reader = await HandReader.of(demo, 'ed.kaya', 'lakeside');
        body = await bodyOf(demo, reader, away);
        // what the refusals below are refused against
        await expect(reader.peers.call(releaseEmergency, 'summit', body)).resolves.toMatchObject({ leaf: 'ed@summit' });
        const wrong: [object, string][] = [
          [{ approvals: body.approvals.slice(0, 1) }, 'access.incomplete'],
          [{ request: { ...body.request, expiresAt: body.request.expiresAt - 1 } }, 'access.forged'],
          [{ receipt: { ...body.receipt, deals: [] } }, 'access.forged'],
          [{ leaf: 'ed@harbor' }, 'access.out-of-scope'],
        ];
        for (const [change, code] of wrong)
          await expect(reader.peers.call(releaseEmergency, 'summit', { ...body, ...change })).rejects.toMatchObject({
            code,
          });
      }, 60_000);

      it('is named by fsck until the chain knows', async () => {
        const store = 'vault.emergency_release ↔ chain';
        const found = await runFsck(demoOf().data, '--institution', 'summit');
        expect(found).toContainEqual(expect.objectContaining({ store, problem: 'missing' }));
      }, 120_000);
    });

    describe('when the chain is back', () => {
      it('is anchored late, marked with how late, and fsck is clean', async () => {
        const demo = demoOf();
        restarted = await startInstitution(demo, 'harbor');
        for (const institution of ['lakeside', 'summit'])
          await until('anchored', async () => (await audited(demo, institution, 'emergency.anchored')) >= 1, 60_000);
        await until('fsck is clean', async () => (await runFsck(demo.data)).length === 0, 180_000);
        const [view] = await reader.views(body.request.id);
        const { grant } = view!.state;
        expect(grant).toMatchObject({ state: 'active', leaves: expect.arrayContaining(['ed@lakeside', 'ed@summit']) });
        expect(grant!.lateMs).toBeGreaterThan(0);
        figure('anchored after', grant!.lateMs!);
      }, 240_000);

      it('is served by the chain alone: what was good while it was away is refused', async () => {
        const replayed = reader.peers.call(releaseEmergency, 'summit', body);
        await expect(replayed).rejects.toMatchObject({ code: 'access.chain-reachable' });
        await demoOf().send('summit', sodium(who, '141'));
        await until('a later record opens under the same grant', async () => {
          const { opened } = await people.asker.open(away.askId);
          return opened.filter((one) => one.class === 'ordinary').length >= 3;
        });
        await reader.close();
      }, 60_000);
    });
  });
}

/** What lakeside's reader brings to summit's custodian, put together from what it keeps. */
async function bodyOf(demo: Demo, reader: HandReader, { requests, receipts }: AskResponse): Promise<Body> {
  const wanted = requests.find((one) => one.class === 'sensitive:hiv')!;
  const [row] = await within(demo.data, 'lakeside', async (client) => {
    const found = await client.query<{ body: Request; deal: { id: string }; salt: string }>(
      'SELECT body, deal, salt FROM reader.request WHERE id = $1',
      [wanted.requestId],
    );
    return found.rows;
  });
  const { body: request, deal, salt } = row!;
  const collected = await Promise.all(
    ['lakeside', 'summit'].map((id) => reader.peers.call(collectApprovals, id, { requestId: request.id })),
  );
  const { records } = await reader.peers.call(findAnchors, 'lakeside', {
    identifier,
    reference: request.ask.askId,
    purpose: 'ETREAT',
  });
  return {
    request,
    receipt: receipts.find((one) => one.class === 'sensitive:hiv')!,
    approvals: collected.flatMap(({ approvals }) => approvals),
    leaf: 'ed@summit',
    dealId: deal.id,
    salt,
    capsules: reader.capsules({ records } as Asked, deal.id),
  };
}

/** Shown with the tests' output: what a person waits for. */
const figure = (what: string, ms: number): void =>
  void process.stdout.write(`  ${what}: ${(ms / 1000).toFixed(1)} s\n`);
