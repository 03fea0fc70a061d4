import { auditAction } from '@medshare/events';
import { validate } from '@medshare/fhir';
import type { Principal } from '@medshare/identity';
import { TestLog } from './fixture/log.fixture.js';
import { ListCheckpoints } from './list-checkpoints.js';
import { renderAuditEvent } from './render-audit-event.js';

interface Page {
  total: number;
  link: { relation: string; url: string }[];
  entry: { resource: { id: string } }[];
}

const base = 'https://harbor.example/fhir/AuditEvent';

describe('what a regulator reads of the audit log', () => {
  let log: TestLog;
  beforeAll(async () => void (log = await TestLog.open()), 90_000);
  beforeEach(() => log.clear());
  afterAll(() => log.roles.close());

  const search = async (query: Record<string, unknown>) => (await log.search.search(query, base)) as unknown as Page;
  const ids = (page: Page) => page.entry.map(({ resource }) => resource.id);
  const nextOf = ({ link }: Page) => {
    const url = link.find(({ relation }) => relation === 'next')?.url;
    return url && Object.fromEntries(new URL(url).searchParams);
  };

  it.each(auditAction.options)('renders %s as valid FHIR R4', (action) => {
    const full = log.entry({
      action,
      outcome: 'refused',
      problem: 'access.denied',
      purpose: 'TREAT',
      agent: { institution: 'harbor', person: 'dr.chen', roles: ['clinician'] },
      entities: [
        { kind: 'patient', id: 'pseudonym' },
        { kind: 'record', id: 'opaque' },
      ],
    });
    expect(validate(renderAuditEvent(full))).toEqual([]);
    expect(
      validate({ resourceType: 'Bundle', type: 'searchset', entry: [{ resource: renderAuditEvent(full) }] }),
    ).toEqual([]);
    expect(validate({ ...renderAuditEvent(full), outcome: 'zzz' })).not.toEqual([]);
  });

  it.each(['success', 'refused', 'failed'] as const)('renders the barest %s entry as valid FHIR R4', (outcome) => {
    const bare = log.entry({
      outcome,
      entities: [],
      role: '',
      agent: { institution: 'harbor', person: '', roles: [''] },
    });
    const event = renderAuditEvent(bare);
    expect(validate(event)).toEqual([]);
    expect(JSON.stringify(event)).not.toMatch(/\[\]|""/);
  });

  it('filters by action, outcome and entity, the newest first', async () => {
    const [first] = await log.add(1);
    const [refused] = await log.add(1, { outcome: 'refused', action: 'ask.decided' });
    const [last] = await log.add(1, { entities: [{ kind: 'record', id: 'r|1' }] });
    expect(ids(await search({}))).toEqual([last, refused, first].map((entry) => entry!.id));
    expect(ids(await search({ action: 'ask.decided' }))).toEqual([refused!.id]);
    expect(ids(await search({ outcome: '4' }))).toEqual([refused!.id]);
    expect(ids(await search({ outcome: '8' }))).toEqual([]);
    expect(ids(await search({ entity: 'record|r|1' }))).toEqual([last!.id]);
    expect(ids(await search({ entity: "record|' OR 1=1 --" }))).toEqual([]);
    expect(await search({ action: 'ask.made', _count: '1' })).toMatchObject({ total: 2 });
  });

  it('takes a date for the interval that it names', async () => {
    const [entry] = await log.add(1, { time: Date.parse('2026-03-01T08:00:00.500Z') });
    const hits = async (date: string | string[]) => ids(await search({ date })).includes(entry!.id);
    for (const date of [
      '2026',
      '2026-03',
      '2026-03-01',
      'eq2026-03-01',
      'le2026-03-01',
      'ge2026-03-01',
      '2026-03-01T08:00:00Z',
    ])
      expect([date, await hits(date)]).toEqual([date, true]);
    for (const date of [
      '2025',
      'gt2026-03-01',
      'lt2026-03-01',
      '2026-03-02',
      'gt2026',
      'lt2026-03-01T08:00:00Z',
      '2026-03-01T08:00:00.501Z',
    ])
      expect([date, await hits(date)]).toEqual([date, false]);
    expect(await hits(['ge2026-03-01T09:00:00+01:00', 'lt2026-03-02'])).toBe(true);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an unknown parameter', { patient: 'x' }],
    ['an unknown modifier', { 'action:not': 'ask.made' }],
    ['an unknown action', { action: 'ask.unmade' }],
    ['an unknown outcome', { outcome: '5' }],
    ['a property of every object as outcome', { outcome: 'toString' }],
    ['an entity without kind', { entity: 'x' }],
    ['an entity with a NUL', { entity: 'ask|\0' }],
    ['a word for a date', { date: 'yesterday 1' }],
    ['an instant without zone', { date: '2026-03-01T08:00:00' }],
    ['a month that is none', { date: '2026-13' }],
    ['an unknown prefix', { date: 'sa2026-03-01' }],
    ['no entries on a page', { _count: '0' }],
    ['too many entries on a page', { _count: '501' }],
    ['a negative cursor', { cursor: '-1' }],
    ['an object', { action: { a: 'ask.made' } }],
    ['too many conditions', { entity: Array.from({ length: 11 }, () => 'ask|1') }],
  ])('refuses %s', async (_, query) => {
    await expect(search(query)).rejects.toMatchObject({ code: 'request.malformed' });
  });

  it('pages without losing or doubling while entries arrive', async () => {
    const wanted = (await log.add(23)).map(({ id }) => id);
    const seen: string[] = [];
    for (let query: Record<string, string> | undefined | '' = { _count: '5', outcome: '0' }; query;) {
      const page = await search(query);
      seen.push(...ids(page));
      await log.add(3);
      query = nextOf(page);
    }
    expect(seen).toHaveLength(23);
    expect(new Set(seen)).toEqual(new Set(wanted));
  });

  it('reads one entry by its id alone', async () => {
    const [entry] = await log.add(1);
    expect(await log.search.read(entry!.id)).toMatchObject({ resourceType: 'AuditEvent', id: entry!.id });
    for (const id of ['-'.repeat(36), 'x', '00000000-0000-4000-8000-000000000000'])
      await expect(log.search.read(id)).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('writes down who read, in a shape that can be read again', async () => {
    const checkpoints = new ListCheckpoints(log.context, log.append);
    const read = log.entry().id;
    const roles = Array.from({ length: 30 }, (_, n) => `a-role-with-a-long-name-that-goes-on-and-on-${n}`);
    await checkpoints.auditReading({ username: 'r'.repeat(200), roles } as unknown as Principal, read, 'own words');
    const page = await search({ action: 'audit.read', entity: `entry|${read}` });
    expect(ids(await search({ entity: 'entry|own words' }))).toEqual([]);
    expect(page.entry).toHaveLength(1);
    expect(validate(page.entry[0]!.resource)).toEqual([]);
  });

  it('lists checkpoints the newest first, and older ones below a size', async () => {
    const checkpoints = new ListCheckpoints(log.context, log.append);
    for (const _ of [1, 2, 3]) {
      await log.add(1);
      await log.checkpoints.make();
    }
    expect((await checkpoints.list()).checkpoints.map(({ size }) => size)).toEqual([3, 2, 1]);
    expect((await checkpoints.list(3)).checkpoints.map(({ size }) => size)).toEqual([2, 1]);
  });
});
