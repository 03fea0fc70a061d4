import { box, deal as dealOut, fromBase64url, toBase64url } from '@medshare/crypto';
import { deliverLeaf } from '@medshare/events';
import { writeDeal } from './deal-document.js';
import { TestRegion } from './fixture/region.fixture.js';
import { leafInfo } from './make-deal.js';

const ids = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const;
const formula = {
  k: 2,
  of: [{ leaf: 'custodian@harbor' }, { leaf: 'custodian@lakeside' }, { leaf: 'custodian@summit' }],
};

describe('leaves on their way', () => {
  let test: TestRegion;
  beforeEach(async () => {
    test = await TestRegion.open();
  }, 120_000);
  afterEach(() => test.close());

  const deals = async () => {
    const { rows } = await test.at('harbor').context.database.query<{ tag: string }>('SELECT tag FROM record');
    return (await test.at('harbor').vault.deals.find(rows.map(({ tag }) => tag))).deals;
  };
  it('are brought again until their holder signs; an authorized set makes the class shareable', async () => {
    test.away.add('lakeside').add('summit');
    test.away.delete('summit');
    await test.seal('harbor', { id: ids[0], citizen: 'mei-lin' });
    test.away.add('summit');
    await test.deliverAll('harbor');
    expect((await deals()).map(({ shareable }) => shareable)).toEqual([false]);
    test.away.clear();
    expect(await test.at('harbor').vault.deliveries.deliverDue()).toBe(0);
    test.clock.advance(60_000);
    expect(await test.at('harbor').vault.deliveries.deliverDue()).toBe(4);
    expect((await deals()).map(({ shareable, sections, level }) => [shareable, sections, level])).toEqual([
      [true, 1, 3],
    ]);
    const { rows } = await test
      .at('harbor')
      .context.database.query('SELECT 1 FROM delivery WHERE boxed_share IS NOT NULL');
    expect(rows).toEqual([]);
    const dealId = (await deals())[0]!.deal.id;
    expect(await test.at('lakeside').vault.deals.describe(dealId)).toMatchObject({
      leaves: ['custodian@lakeside', 'witness@lakeside'],
      dealer: 'harbor',
    });
  });

  it('do not count with an acknowledgement of another key', async () => {
    await test.seal('harbor', { id: ids[0], citizen: 'mei-lin' });
    test.away.add('lakeside');
    test.tampered.set('summit vault.deliver-leaf', (answer: object) => ({ ...answer, signature: 'A'.repeat(86) }));
    await test.deliverAll('harbor');
    expect((await deals()).map(({ shareable }) => shareable)).toEqual([false]);
  });
});

describe('a holder', () => {
  let test: TestRegion;
  beforeAll(async () => {
    test = await TestRegion.open();
  }, 120_000);
  afterAll(() => test.close());

  const refusals = async (id: string) =>
    (await test.events(id, 'audit.recorded'))
      .map(({ entry }) => entry as unknown as { action: string; problem?: string })
      .filter(({ action }) => action === 'leaf.refused')
      .map(({ problem }) => problem);
  const held = async (dealId: string) =>
    (await test.at('lakeside').context.database.query('SELECT 1 FROM leaf WHERE deal_id = $1', [dealId])).rows.length;
  /** A deal for an episode and the box of lakeside's leaf, as `dealer` would make them. */
  const dealt = (dealer: string, episode: string) => {
    const { suite, region } = test.at('lakeside').context;
    const about = { region: 'east', institution: dealer, episode, class: 'ordinary', epoch: 0 };
    const { deal, shares } = dealOut(suite, formula, about);
    const leaf = 'custodian@lakeside';
    const key = fromBase64url(region.members.find(({ id }) => id === 'lakeside')!.keys.vault);
    const boxedShare = toBase64url(box(suite, key, shares.get(leaf)!, leafInfo(deal.id, leaf)));
    return { deal: writeDeal(deal), leaf, boxedShare };
  };

  it('keeps a leaf once, whatever is repeated', async () => {
    const body = dealt('harbor', 'once');
    const first = await test.call('harbor', deliverLeaf, 'lakeside', body);
    const second = await test.call('harbor', deliverLeaf, 'lakeside', body);
    expect([second.dealId, second.leaf]).toEqual([first.dealId, first.leaf]);
    expect(await held(body.deal.id)).toBe(1);
  });

  it.each<[string, string, string, () => ReturnType<typeof dealt>]>([
    ['of another than the caller', 'summit', 'auth.forbidden', () => dealt('harbor', 'a')],
    ['for a leaf of another', 'harbor', 'vault.deal', () => ({ ...dealt('harbor', 'b'), leaf: 'custodian@summit' })],
    [
      'with another content under its id',
      'harbor',
      'vault.deal',
      () => ({ ...dealt('harbor', 'c'), deal: { ...dealt('harbor', 'c').deal, id: dealt('harbor', 'c').deal.id } }),
    ],
    [
      'with a share of another deal',
      'harbor',
      'vault.share',
      () => ({ ...dealt('harbor', 'd'), boxedShare: dealt('harbor', 'd').boxedShare }),
    ],
  ])('refuses a deal %s', async (_, caller, code, make) => {
    const body = make();
    await expect(test.call(caller, deliverLeaf, 'lakeside', body)).rejects.toMatchObject({ code });
    expect((await refusals('lakeside')).at(-1)).toEqual(code);
    expect(await held(body.deal.id)).toBe(0);
  });

  it('refuses a second deal for the same episode, class and epoch', async () => {
    await test.call('harbor', deliverLeaf, 'lakeside', dealt('harbor', 'e'));
    const again = test.call('harbor', deliverLeaf, 'lakeside', dealt('harbor', 'e'));
    await expect(again).rejects.toMatchObject({ code: 'vault.deal' });
    await expect(test.call('harbor', deliverLeaf, 'lakeside', dealt('harbor', 'f'))).resolves.toMatchObject({});
  });
});
