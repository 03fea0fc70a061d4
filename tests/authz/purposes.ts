import type { MedshareClient } from '@medshare/client';
import type { AskResponse } from '@medshare/events';
import { replayDecision } from '@medshare/policy';
import { until } from '../harness/demo.js';
import type { Stage } from './dishonest-reader.js';
import { cast } from '../../apps/medshare/src/demo/cast.js';

/** Who asks for what at lakeside, about whom; the demo's patient asks about herself. */
const purposes = [
  ['officer.li', 'HOPERAT', undefined],
  ['billing.ho', 'HPAYMT', undefined],
  ['mei.lin', 'PATRQT', cast.patient],
] as const;

/** Mei Lin's, about research. */
const researchConsent = (type: 'permit' | 'deny') => ({
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { identifier: cast.patient },
  dateTime: '2026-11-21',
  policy: [{ uri: 'https://east.example/consent/research' }],
  provision: { type, purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HRESCH' }] },
});

/** Purposes for which the law wants people's approval: they open with it, and not without. */
export function opensWithPeople(stage: Stage): void {
  describe('what the law leaves to people', () => {
    const about = (purpose: string, identifier = stage.wish('ordinary').identifier) => ({
      identifier,
      purpose,
      relation: 'none' as const,
      days: 7,
    });
    const ordinary = ({ requests }: AskResponse) => requests.filter((one) => one.class === 'ordinary');
    const approveAll = async (who: MedshareClient, ids: readonly string[]) => {
      for (const id of ids)
        await who.approve(
          await until('the request waits', async () => (await who.approvals()).find((one) => one.requestId === id)),
        );
    };

    it.each(purposes)(
      '%s opens ordinary findings for %s once somebody of the source approved',
      async (username, purpose, identifier) => {
        const asker = stage.as(username, 'lakeside');
        const asked = await asker.ask(about(purpose, identifier));
        const requests = ordinary(asked);
        expect(requests.length).toBeGreaterThan(0);
        expect(asked.receipts).toContainEqual(expect.objectContaining({ outcome: 'permit', approval: 'required' }));
        // the services elsewhere have answered, and it is still closed
        await until('the witnesses answered', async () =>
          (await stage.reader.views(requests[0]!.requestId)).every(({ state }) => state.approvals.length === 2),
        );
        const [view] = await stage.reader.views(requests[0]!.requestId);
        expect(view!.state.approvals.map(({ leaf }) => leaf)).toEqual(['witness@lakeside', 'witness@summit']);
        expect(view!.state).toMatchObject({ request: { approval: 'required' }, grant: null });
        const { opened, refused } = await asker.open(asked.askId);
        expect([opened, refused[0]]).toMatchObject([[], { problem: 'access.incomplete' }]);

        await approveAll(
          stage.as(purpose === 'HPAYMT' ? 'dr.wu' : 'officer.li', 'harbor'),
          requests.map(({ requestId }) => requestId),
        );
        const after = await until('opened', async () => {
          const answer = await asker.open(asked.askId);
          return answer.opened.length > 0 && answer;
        });
        expect(new Set(after.opened.map((one) => one.class))).toEqual(new Set(['ordinary']));
        const bytes = await asker.bundle(after.opened[0]!.bundle);
        expect(new TextDecoder().decode(bytes)).toContain('"resourceType":"Bundle"');
      },
      60_000,
    );

    it('the chain takes no service’s approval in place of theirs, whoever brings it', async () => {
      const asked = await stage.reader.ask({ ...stage.wish('ordinary'), purpose: 'TREAT' });
      const request = stage.reader.request(asked, { approval: 'required' });
      await stage.reader.submit('request', request);
      const approval = await stage.serviceApproval(stage.reader, request);
      await expect(stage.reader.submit('approve', approval)).rejects.toMatchObject({ code: 'access.not-a-leaf' });
      // and holders refuse a request that says otherwise than the permit
      const told = stage.reader.tell('summit', stage.reader.notice(asked, request));
      await expect(told).rejects.toMatchObject({ code: 'access.forged' });
    }, 60_000);

    it('research opens with the patient’s consent and somebody of the source, and ends when it is withdrawn', async () => {
      const [gao, mei] = [stage.as('dr.gao', 'lakeside'), stage.as('mei.lin', 'harbor')];
      const denied = await gao.ask(about('HRESCH', cast.patient));
      expect([denied.requests, denied.receipts.map(({ outcome }) => outcome)]).toEqual([[], ['deny']]);
      const { id } = await mei.recordConsent(researchConsent('permit'));
      const asked = await gao.ask(about('HRESCH', cast.patient));
      expect(asked.receipts).toContainEqual(
        expect.objectContaining({ outcome: 'permit', legalBasis: expect.any(String) }),
      );
      const ids = ordinary(asked).map(({ requestId }) => requestId);
      expect(ids.length).toBeGreaterThan(0);
      await approveAll(stage.as('officer.li', 'harbor'), ids);
      await until('opened', async () => (await gao.open(asked.askId)).opened.length > 0);
      await mei.recordConsent(researchConsent('deny'), id);
      await until('withdrawn', async () => {
        const { requests } = await gao.asked(asked.askId);
        return requests.every(({ state }) => state === 'revoked');
      });
      // what a regulator replays is what was decided, with the consent of its time
      const regulator = stage.as('regulator', 'harbor');
      const material = await regulator.replayMaterial(asked.receipts.find(({ owner }) => owner === 'harbor')!.id);
      const { keys } = stage.reader.region.members.find((one) => one.id === 'harbor')!;
      const trusted = { suite: stage.reader.region.suite, accessKey: keys.access };
      expect([material.consents.length, replayDecision(material, trusted)]).toEqual([1, []]);
      const seen = await mei.whatWouldSee({
        clinician: { institution: 'lakeside', roles: ['researcher'] },
        patient: cast.patient,
        ...{ purpose: 'HRESCH', relation: 'none', days: 7 },
      });
      expect(seen.classes).toMatchObject([{ class: 'ordinary', outcome: 'deny', consent: 'refused' }]);
    }, 90_000);

    it('a patient asks about nobody else, and learns nothing of them', async () => {
      const mei = stage.as('mei.lin', 'lakeside');
      for (const purpose of ['PATRQT', 'TREAT'])
        await expect(mei.ask(about(purpose))).rejects.toMatchObject({ code: 'auth.forbidden' });
      const wu = stage.as('dr.wu', 'lakeside');
      await expect(wu.ask(about('PATRQT'))).rejects.toMatchObject({ code: 'auth.forbidden' });
    }, 60_000);
  });
}
