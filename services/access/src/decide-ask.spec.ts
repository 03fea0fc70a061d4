import { documentHash, verifyDocument } from '@medshare/crypto';
import { TestAccess } from './fixture/access.fixture.js';

describe('deciding an ask', () => {
  let test: TestAccess;
  beforeAll(async () => void (test = await TestAccess.open()), 90_000);
  beforeEach(async () => {
    await test.clear();
    test.deals = [test.deal('ordinary'), test.deal('sensitive:hiv', { level: 5 })];
  });
  afterAll(() => test.roles.close());

  const decide = (envelope = test.envelope(), caller = 'lakeside') => test.decisions.decide(caller, envelope);
  const classes = (list: { class: string }[]) => list.map((one) => one.class).sort();

  it('permits by legal basis and policy, and proposes deals by salted commitments', async () => {
    const { receipts, proposals } = await decide();
    expect(classes(receipts)).toEqual(['ordinary', 'sensitive:hiv']);
    for (const { dealCommitment, salt, deal, receiptId } of proposals) {
      expect(documentHash(test.context.suite, 'deal-commitment', 1, { dealId: deal.id, salt })).toBe(dealCommitment);
      expect(receipts.find(({ id }) => id === receiptId)?.deals).toEqual([dealCommitment]);
    }
    expect(test.roles.audited).toMatchObject([{ action: 'ask.decided', outcome: 'success' }]);
  });

  it('signs receipts that are read again as they were signed, those that show nothing too', async () => {
    const permitted = await decide();
    const denied = await decide(test.envelope({ relation: 'none' }));
    test.deals = [];
    const empty = await decide();
    for (const receipt of [permitted, denied, empty].flatMap(({ receipts }) => receipts)) {
      const { signature, ...body } = await test.receipts.read(receipt.id);
      expect({ ...body, signature }).toEqual(receipt);
      const { publicKey } = test.context.signingKey;
      expect(verifyDocument(test.context.suite, publicKey, 'receipt', 1, body, signature!)).toBe(true);
    }
    await expect(test.receipts.read('x')).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it.each<[string, (envelope: ReturnType<TestAccess['envelope']>) => object]>([
    ['a forged certificate', (e) => ({ certificate: { ...e.certificate, roles: ['clinician', 'attending'] } })],
    ['a forged signature', () => ({ signature: 'A'.repeat(86) })],
    ['an ask changed after it was signed', (e) => ({ ask: { ...e.ask, purpose: 'ETREAT' } })],
    ['a forged envelope', () => ({ envelope: 'A'.repeat(86) })],
    ['another relation than was countersigned', () => ({ relation: 'none' })],
    ['other tags than were countersigned', () => ({ tags: ['B'.repeat(43)] })],
  ])('refuses %s, and keeps nothing', async (_, change) => {
    const honest = test.envelope();
    await expect(decide({ ...honest, ...change(honest) })).rejects.toMatchObject({ code: 'access.forged' });
    expect(await test.rows('ask')).toEqual([]);
  });

  it('refuses another caller, a service, an expired ask and an expired certificate', async () => {
    await expect(decide(test.envelope(), 'summit')).rejects.toMatchObject({ code: 'access.forged' });
    const expired = test.envelope({ ask: { expiresAt: test.roles.clock.now() } });
    await expect(decide(expired)).rejects.toMatchObject({ code: 'access.expired', where: 'ask.expiresAt' });
    const honest = test.envelope({ ask: { expiresAt: test.roles.clock.now() + 1e9 } });
    const start = test.roles.clock.now();
    test.roles.clock.advance(11 * 3_600_000);
    await expect(decide(honest)).rejects.toMatchObject({ code: 'access.expired', where: 'certificate' });
    test.roles.clock.set(start);
  });

  it('gives a repeated ask the same answer, one entry and one decision, also at the same time', async () => {
    const envelope = test.envelope();
    const [first, ...others] = await Promise.all([decide(envelope), decide(envelope), decide(envelope)]);
    expect([...others, await decide(envelope)]).toEqual([first, first, first]);
    expect(await test.rows('ask')).toHaveLength(1);
    expect(test.roles.audited).toHaveLength(1);
  });

  it('gives nobody else the answer to an ask', async () => {
    const envelope = test.envelope();
    await decide(envelope);
    const { askId } = envelope.ask;
    const colleague = test.envelope({ ask: { askId }, person: 'colleague' });
    await expect(decide(colleague)).rejects.toMatchObject({ code: 'access.forged' });
    await expect(decide(test.envelope({ ask: { askId }, caller: 'summit' }), 'summit')).rejects.toMatchObject({
      code: 'access.forged',
    });
  });

  it('gives no answer without an audit entry, and audits what it decided when asked again', async () => {
    const envelope = test.envelope();
    test.roles.away.add('harbor audit.record');
    await expect(decide(envelope)).rejects.toMatchObject({ code: 'peer.unavailable' });
    test.roles.away.clear();
    const { receipts } = await decide(envelope);
    const named = test.roles.audited[0]!.entities.filter(({ kind }) => kind === 'receipt').map(({ id }) => id);
    expect(named).toEqual(receipts.map(({ id }) => id));
  });

  it('does not let the asker choose the id of the entry', async () => {
    const envelope = test.envelope();
    await decide(envelope);
    expect(test.roles.audited[0]!.id).not.toBe(envelope.ask.askId);
  });

  it('does not name a class that it denies, nor whether there is one', async () => {
    test.deals = [test.deal('sensitive:hiv', { level: 5 })];
    const researcher = await decide(test.envelope({ ask: { purpose: 'HRESCH' } }));
    test.deals = [];
    const nothing = await decide(test.envelope({ ask: { purpose: 'HRESCH' } }));
    expect(JSON.stringify(researcher)).not.toContain('sensitive:');
    const bare = ({ receipts, proposals }: typeof nothing) => [
      receipts.map((one) => ({ ...one, id: '', askId: '', askHash: '', inputs: '', signature: '' })),
      proposals,
    ];
    expect(bare(researcher)).toEqual(bare(nothing));
    expect(test.roles.audited.map(({ outcome }) => outcome)).toEqual(['refused', 'refused']);
  });

  it('proposes only deals that an authorized set holds', async () => {
    test.deals = [test.deal('ordinary'), test.deal('ordinary', { shareable: false })];
    const { receipts, proposals } = await decide();
    expect(proposals.map(({ deal }) => deal.id)).toEqual([test.deals[0]!.deal.id]);
    expect(receipts[0]!.deals).toHaveLength(1);
  });

  it('denies what is asked for longer than the legal basis allows', async () => {
    const long = test.envelope({ ask: { expiresAt: test.roles.clock.now() + 40 * 86_400_000 } });
    const { proposals, receipts } = await decide(long);
    expect([proposals, receipts.map(({ outcome }) => outcome)]).toEqual([[], ['deny']]);
  });
});
