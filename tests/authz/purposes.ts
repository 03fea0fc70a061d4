import type { MedshareClient } from '@medshare/client';
import type { AskResponse } from '@medshare/events';
import { until } from '../harness/demo.js';
import type { Stage } from './dishonest-reader.js';
import { cast } from '../../apps/medshare/src/demo/cast.js';

/** Who asks for what at lakeside, about whom; the demo's patient asks about herself. */
const purposes = [
  ['officer.li', 'HOPERAT', undefined],
  ['billing.ho', 'HPAYMT', undefined],
  ['mei.lin', 'PATRQT', cast.patient],
] as const;

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

    it('a patient asks about nobody else, and learns nothing of them', async () => {
      const mei = stage.as('mei.lin', 'lakeside');
      for (const purpose of ['PATRQT', 'TREAT'])
        await expect(mei.ask(about(purpose))).rejects.toMatchObject({ code: 'auth.forbidden' });
      const wu = stage.as('dr.wu', 'lakeside');
      await expect(wu.ask(about('PATRQT'))).rejects.toMatchObject({ code: 'auth.forbidden' });
    }, 60_000);
  });
}
