import { toBase64url, utf8 } from '@medshare/crypto';
import { citizen, TestReader } from './fixture/reader.fixture.js';

describe('opening what was granted', () => {
  let test: TestReader;
  beforeAll(async () => void (test = await TestReader.open()), 90_000);
  beforeEach(() => test.clear());
  afterAll(() => test.roles.close());

  const text = '{"resourceType":"Bundle","entry":[{"value":140.50}]}';
  const open = (askId: string, who = 'dr.chen') => test.opening.open(test.principal(who), askId);
  const read = async (bundle: string, who = 'dr.chen') =>
    new TextDecoder().decode(await test.opened.read(test.principal(who), bundle));
  const granted = async (leaves?: string[]) => {
    const { askId, requests } = await test.asked();
    test.grant(requests[0]!.requestId, leaves);
    return { askId, requestId: requests[0]!.requestId };
  };
  const audited = (action: string) => test.roles.audited.filter((entry) => entry.action === action);

  it('gives the exact bytes that were sealed, to who opened them', async () => {
    await test.record('harbor', text);
    const { askId } = await granted();
    const { opened, refused } = await open(askId);
    expect(refused).toEqual([]);
    expect(await read(opened[0]!.bundle)).toBe(text);
    expect(opened[0]!.digest).toBe(toBase64url(test.context.suite.hash(utf8(text))));
    expect(audited('section.opened')).toMatchObject([{ purpose: 'TREAT', agent: { person: 'dr.chen' } }]);
    expect(audited('bundle.read')).toHaveLength(1);
  });

  it('keeps no plaintext in any table', async () => {
    await test.record('harbor', text);
    await open((await granted()).askId);
    for (const table of ['ask', 'request', 'opened']) {
      const stored = (await test.rows(table))
        .flatMap((row) => Object.values(row))
        .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)));
      expect(stored.join('')).not.toMatch(/140\.50|resourceType/);
      expect(stored.join('')).not.toContain(citizen.value);
    }
  });

  it('opens twice nothing twice, also at the same time, and later records under the same grant', async () => {
    await test.record('harbor', text);
    const { askId } = await granted();
    await Promise.all([open(askId), open(askId)]);
    const first = await open(askId);
    expect([await test.rows('opened'), audited('section.opened'), first.opened].map(({ length }) => length)).toEqual([
      1, 1, 1,
    ]);
    const asked = test.released.length;
    await open(askId);
    expect(test.released).toHaveLength(asked);
    await test.record('harbor', 'later');
    expect((await open(askId)).opened).toHaveLength(2);
  });

  it('finds no ask and no bundle of somebody else, and writes down who reached for it', async () => {
    await test.record('harbor', text);
    const { askId } = await granted();
    const { opened } = await open(askId);
    await expect(open(askId, 'dr.wu')).rejects.toMatchObject({ code: 'request.not-found' });
    await expect(read(opened[0]!.bundle, 'dr.wu')).rejects.toMatchObject({ code: 'request.not-found' });
    await expect(read('x')).rejects.toMatchObject({ code: 'request.not-found' });
    const stranger = { problem: 'auth.forbidden', agent: { person: 'dr.wu' } };
    expect(audited('section.refused')).toMatchObject([stranger, stranger]);
  });

  it('opens nothing that is not granted, revoked or expired', async () => {
    await test.record('harbor', text);
    const { askId, requests } = await test.asked();
    const [{ requestId, expiresAt }] = requests as [(typeof requests)[number]];
    const problems = async () => (await open(askId)).refused.map(({ problem }) => problem);
    expect(await problems()).toEqual(['access.incomplete']);
    test.grant(requestId, undefined, { state: 'revoked' });
    expect(await problems()).toEqual(['access.revoked']);
    test.grant(requestId);
    const start = test.roles.clock.now();
    test.roles.clock.set(expiresAt);
    expect(await problems()).toEqual(['access.expired']);
    test.roles.clock.set(start);
    expect(test.released).toEqual([]);
    expect(audited('section.refused')).toHaveLength(3);
  });

  it.each<[string, (boxed: string) => string]>([
    ['answers with rubbish', () => 'rubbish'],
    [
      'changes a bit of its fragments',
      (boxed) => boxed.replace(/[A-Za-z0-9](?=[^A-Za-z0-9]*$)/, (one) => (one === 'A' ? 'B' : 'A')),
    ],
  ])('tries another set when a holder %s, and names it', async (_, lie) => {
    await test.record('harbor', text);
    const { askId } = await granted();
    test.lying.set('lakeside', lie);
    expect(await open(askId)).toMatchObject({ opened: [{ owner: 'harbor' }], refused: [] });
    expect(new Set(test.released)).toEqual(new Set(['custodian@harbor', 'custodian@lakeside', 'custodian@summit']));
    expect(test.roles.logged).toContainEqual(
      expect.objectContaining({
        fields: expect.objectContaining({ leaf: 'custodian@lakeside', code: 'vault.fragment' }),
      }),
    );
  });

  it('names the holder when no other set is left: lying, or away', async () => {
    await test.record('harbor', text);
    const { askId } = await granted(['custodian@harbor', 'custodian@summit']);
    test.lying.set('summit', () => '{}');
    expect((await open(askId)).refused).toMatchObject([{ problem: 'vault.fragment', where: 'custodian@summit' }]);
    test.lying.clear();
    test.roles.away.add('harbor vault.release-fragments');
    expect((await open(askId)).refused).toMatchObject([{ problem: 'peer.unavailable', where: 'harbor' }]);
    test.roles.away.clear();
    expect((await open(askId)).opened).toHaveLength(1);
  });

  it('names a section whose bytes are not those that were signed, and opens the others', async () => {
    const wrong = await test.record('harbor', 'wrong', { content: 'B'.repeat(43) });
    const right = await test.record('harbor', text);
    const swapped = await test.record('harbor', 'swapped', { cid: right.cid });
    const { opened, refused } = await open((await granted()).askId);
    expect(opened).toHaveLength(1);
    expect(refused.map(({ section }) => section).sort()).toEqual([wrong.section, swapped.section].sort());
    expect(new Set(refused.map(({ problem }) => problem)).has('vault.tampered')).toBe(true);
    expect(audited('section.refused')).toHaveLength(2);
  });

  it('opens nothing without an audit entry', async () => {
    await test.record('harbor', text);
    const { askId } = await granted();
    test.roles.away.add('lakeside audit.record');
    await expect(open(askId)).rejects.toMatchObject({ code: 'peer.unavailable' });
    expect(await test.rows('opened')).toEqual([]);
    test.roles.away.clear();
    expect((await open(askId)).opened).toHaveLength(1);
  });

  it('erases bytes, keys and identifiers when they expire, and nothing before', async () => {
    await test.record('harbor', text);
    const { askId } = await granted();
    const [{ bundle }] = (await open(askId)).opened as unknown as [{ bundle: string }];
    const [ask] = await test.rows('ask');
    const start = test.roles.clock.now();
    test.roles.clock.set((ask!['expires_at'] as Date).getTime() - 1);
    await test.opened.expire();
    expect(await read(bundle)).toBe(text);
    test.roles.clock.advance(1);
    await expect(read(bundle)).rejects.toMatchObject({ code: 'request.not-found' });
    await test.opened.expire();
    expect(await test.rows('opened')).toEqual([]);
    expect(await test.rows('ask')).toMatchObject([{ state: 'closed', reader_key: null, sealed: null }]);
    await expect(open(askId)).rejects.toMatchObject({ code: 'request.conflict' });
    test.roles.clock.set(start);
  });
});
