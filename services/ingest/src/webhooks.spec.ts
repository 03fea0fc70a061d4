import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { FhirSource } from './fixture/fhir-source.fixture.js';
import {
  hookToken,
  nothingOpen,
  openHooked,
  patience,
  patient,
  sourceToken,
  type HookedHospital,
} from './fixture/hooked-hospital.fixture.js';
import { openContext } from './fixture/ingest.fixture.js';
import { eventBundle, handshake, heartbeat } from './fixture/notification.fixture.js';

let fresh: FreshDatabase;
let opened: Awaited<ReturnType<typeof openContext>>;
const started: HookedHospital[] = [];

const open = async (...args: Tail<Parameters<typeof openHooked>>): Promise<HookedHospital> => {
  const hospital = await openHooked(opened, ...args);
  started.push(hospital);
  return hospital;
};
type Tail<T extends unknown[]> = T extends [unknown, ...infer R] ? R : never;

beforeAll(async () => {
  fresh = await freshDatabase();
  opened = await openContext(fresh.url);
}, patience);
afterEach(async () => {
  for (const hospital of started.splice(0)) await hospital.close();
});
afterAll(async () => {
  await opened.close();
  await fresh.drop();
});

describe('a rest-hook of R4', () => {
  it(
    'delivers a version of a resource once, whatever comes again',
    async () => {
      const hospital = await open();
      hospital.source.change(patient('p1'));
      const version = hospital.source.resources.get('Patient/p1')!;
      const answers = [
        await hospital.put(version),
        await hospital.put(version),
        await hospital.put({ ...version, text: undefined }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(await answers[0]!.json()).toMatchObject({ resourceType: 'OperationOutcome' });
      expect(await hospital.count()).toBe(1);
      hospital.source.change(patient('p1', { gender: 'female' }));
      expect((await hospital.put(hospital.source.resources.get('Patient/p1')!)).status).toBe(200);
      // without a version, the bytes say which it is
      await hospital.put(patient('p2'));
      await hospital.put(patient('p2'));
      await hospital.put(patient('p2', { gender: 'male' }));
      expect(await hospital.count()).toBe(4);
    },
    patience,
  );

  it.each([
    ['another id than its address', patient('p1'), 'Patient/p9', 422, 'Patient.id'],
    ['another type than its address', patient('p1'), 'Observation/p1', 422, 'Observation.resourceType'],
    ['what is not valid', patient('p1', { gender: 7 }), 'Patient/p1', 422, 'Patient.gender'],
    ['a consent', { resourceType: 'Consent', id: 'c' }, 'Consent/c', 422, 'Consent'],
  ])(
    'with %s is refused: what and where',
    async (_, resource, name, status, place) => {
      const hospital = await open();
      const answer = await hospital.put(resource, name);
      expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(`"${place}"`)]);
      expect(await hospital.count()).toBe(0);
      const { refusals } = await hospital.get('/messages/refused?limit=1');
      expect(refusals).toMatchObject([{ feed: 'his', kind: 'fhir' }]);
    },
    patience,
  );

  it(
    'without a payload has the source searched, page by page, from where the last search came to',
    async () => {
      const hospital = await open(['Patient']);
      for (let n = 0; n < 8; n += 1) hospital.source.change(patient(`s${n}`), Date.now() - 3_600_000 + n * 300_000);
      expect((await hospital.post(undefined)).status).toBe(200);
      await eventually(async () => (await hospital.count()) === 8, { timeout: 90_000 });
      await nothingOpen(hospital);
      const pages = hospital.source.asked.length;
      expect(pages).toBe(3);
      hospital.source.change(patient('s3', { gender: 'male' }));
      hospital.source.change(patient('s9'));
      for (let n = 0; n < 5; n += 1) await hospital.post(undefined);
      await eventually(async () => (await hospital.count()) === 10, { timeout: 90_000 });
      await nothingOpen(hospital);
      const [, since] = /_lastUpdated=ge([^&]+)/.exec(hospital.source.asked[pages]!) ?? [];
      expect(Date.parse(decodeURIComponent(since!))).toBeGreaterThan(Date.now() - 3_600_000 + 6 * 300_000);
    },
    patience,
  );

  it(
    'without a payload and without a server to ask is refused',
    async () => {
      const hospital = await open([], () => ({ source: undefined }));
      const answer = await hospital.post(undefined);
      expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining('source.missing')]);
    },
    patience,
  );

  it.each([
    ['no token', { authorization: '' }, 401],
    ['a token that is nearly right', { authorization: `Bearer ${hookToken.slice(0, -1)}x` }, 401],
    ['a person’s token', { authorization: 'Bearer clinician' }, 403],
  ])(
    'with %s is not let in',
    async (_, headers, status) => {
      const hospital = await open();
      expect((await hospital.post(undefined, headers)).status).toBe(status);
    },
    patience,
  );

  it(
    '’s token opens nothing but webhooks',
    async () => {
      const hospital = await open();
      const url = (await hospital.post(handshake())).url.replace('/webhooks/fhir', '/fhir/Patient');
      const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${hookToken}` } });
      expect(answer.status).toBe(401);
    },
    patience,
  );
});

describe('a notification', () => {
  it(
    'of each content has each event’s effect once: full, id-only and empty',
    async () => {
      const hospital = await open();
      const { source } = hospital;
      expect((await hospital.post(handshake({ base: source.base }))).status).toBe(200);
      for (const id of ['a', 'b', 'c']) source.change(patient(id));
      await hospital.post(source.notification([1], { content: 'full-resource' }));
      expect([await hospital.count(), source.asked]).toEqual([1, []]);
      await hospital.post(source.notification([2], { content: 'id-only' }));
      await hospital.post(source.notification([3], { content: 'empty' }));
      await eventually(async () => (await hospital.count()) === 3, { timeout: 90_000 });
      for (const content of ['full-resource', 'id-only', 'empty'] as const)
        await hospital.post(source.notification([1, 2, 3], { content }));
      await nothingOpen(hospital);
      expect(await hospital.count()).toBe(3);
      expect(source.asked).toEqual([
        '/fhir/Patient/b',
        expect.stringMatching(/^\/fhir\/Subscription\/admission\/\$events\?eventsSinceNumber=3&eventsUntilNumber=3&/),
      ]);
    },
    patience,
  );

  it(
    'that a heartbeat tells of, and that never came, is fetched',
    async () => {
      const hospital = await open();
      for (const id of ['a', 'b', 'c']) hospital.source.change(patient(id));
      await hospital.post(hospital.source.notification([1]));
      await hospital.post(heartbeat(3, { base: hospital.source.base, at: undefined }));
      expect(await hospital.open()).toMatchObject([{ kind: 'events', events: { first: 2, last: 3 }, state: 'due' }]);
      expect((await hospital.get('/webhooks'))['subscriptions']).toMatchObject([{ lastEvent: 3, missed: 2 }]);
      await eventually(async () => (await hospital.count()) === 3, { timeout: 90_000 });
      await nothingOpen(hospital);
    },
    patience,
  );

  it(
    'whose server keeps no events is made up for by a search',
    async () => {
      const hospital = await open(['Patient']);
      hospital.source.keepsEvents = false;
      for (const id of ['a', 'b', 'c']) hospital.source.change(patient(id));
      await hospital.post(hospital.source.notification([3]));
      await eventually(async () => (await hospital.count()) === 3, { timeout: 90_000 });
      await nothingOpen(hospital);
    },
    patience,
  );

  it(
    'says that its subscription is in error or off: visibly',
    async () => {
      const hospital = await open();
      await hospital.post(handshake());
      await hospital.post(heartbeat(0, { status: 'error', at: '2026-01-05T10:00:00Z' }));
      expect((await hospital.get('/webhooks'))['subscriptions']).toMatchObject([{ status: 'error' }]);
      // one that comes late does not say how it is
      await hospital.post(heartbeat(0, { status: 'active', at: '2026-01-05T09:30:00Z' }));
      expect((await hospital.get('/webhooks'))['subscriptions']).toMatchObject([{ status: 'error' }]);
      await eventually(
        async () =>
          /ingest_webhook_subscriptions\{[^}]*feed="his"[^}]*status="error"[^}]*\} 1/.test(
            await hospital.context.metrics.expose(),
          ),
        { timeout: 90_000 },
      );
    },
    patience,
  );

  it(
    'with a resource that is refused takes the others; it waits for a person and can be fetched again or given up',
    async () => {
      const hospital = await open();
      const { source } = hospital;
      source.change(patient('a', { gender: 'unheard-of' }));
      source.change(patient('b'));
      const answer = await hospital.post(source.notification([1, 2]));
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Bundle.entry[1].resource')]);
      expect(await hospital.count()).toBe(1);
      const [failed] = await hospital.open();
      expect(failed).toMatchObject({ kind: 'resource', state: 'failed', problem: 'fhir.invalid' });
      // still wrong
      expect((await hospital.act(`/webhooks/fetches/${failed!.id}/retry`)).status).toBe(200);
      await eventually(
        async () => (await hospital.open())[0]?.attempts === 1 && (await hospital.open())[0]?.state === 'failed',
      );
      source.change(patient('a', { gender: 'female' }));
      await hospital.act(`/webhooks/fetches/${failed!.id}/retry`);
      await eventually(async () => (await hospital.count()) === 2, { timeout: 90_000 });
      await nothingOpen(hospital);
      source.change(patient('c', { gender: 'unheard-of' }));
      await hospital.post(source.notification([4]));
      const [again] = (await hospital.open()).filter(({ state }) => state === 'failed');
      expect((await hospital.act(`/webhooks/fetches/${again!.id}/skip`, {})).status).toBe(400);
      expect((await hospital.act(`/webhooks/fetches/${again!.id}/skip`, { reason: 'entered in error' })).status).toBe(
        200,
      );
      expect((await hospital.act(`/webhooks/fetches/${again!.id}/skip`, { reason: 'entered in error' })).status).toBe(
        404,
      );
    },
    patience,
  );

  it.each<[string, object, string]>([
    ['no JSON', { resourceType: 'Bundle' }, 'Bundle.entry[0].resource'],
    ['another type', eventBundle({ type: 'news' }), 'Bundle.entry[0].resource.type'],
  ])(
    'with %s is refused: what and where',
    async (_, bundle, place) => {
      const hospital = await open();
      const answer = await hospital.post(bundle);
      expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining(`"${place}"`)]);
    },
    patience,
  );
});

describe('a fetch', () => {
  it.each<[string, (source: FhirSource) => void, string]>([
    ['is down', (source) => (source.ill = 503), 'source.unavailable'],
    ['does not know our token', (source) => (source.token = 'another'), 'source.unavailable'],
    ['sends us elsewhere', (source) => (source.ill = 'redirect'), 'source.invalid'],
  ])(
    'is tried again while its server %s, visibly, and works in the end',
    async (_, break_, code) => {
      const hospital = await open();
      const { source } = hospital;
      break_(source);
      source.change(patient('a'));
      await hospital.post(source.notification([1], { content: 'id-only' }));
      await eventually(async () => (await hospital.open())[0]?.problem === code, { timeout: 90_000 });
      expect((await hospital.open())[0]).toMatchObject({ state: 'due', kind: 'resource' });
      source.ill = undefined;
      source.token = sourceToken;
      const [{ id } = { id: '' }] = await hospital.open();
      await hospital.act(`/webhooks/fetches/${id}/retry`);
      await eventually(async () => (await hospital.count()) === 1, { timeout: 90_000 });
    },
    patience,
  );

  it(
    'follows no address that is not below the configured one, and asks no other server',
    async () => {
      const hospital = await open(['Patient']);
      const other = await FhirSource.open();
      const { source } = hospital;
      source.nextAt = `${other.base}/Patient?page=3`;
      for (let n = 0; n < 4; n += 1) source.change(patient(`s${n}`));
      await hospital.post(undefined);
      await eventually(async () => (await hospital.open())[0]?.problem === 'source.invalid', { timeout: 90_000 });
      const events = [{ number: 1, focus: `${other.base}/Patient/s1` }];
      await hospital.post(eventBundle({ base: source.base, since: 1, events }));
      await eventually(
        async () => (await hospital.open()).some(({ kind, attempts }) => kind === 'events' && attempts > 0),
        { timeout: 90_000 },
      );
      expect(other.asked).toEqual([]);
      await other.close();
    },
    patience,
  );
});
