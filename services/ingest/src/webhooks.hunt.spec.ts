import { freshDatabase, seededRandom, type FreshDatabase } from '@medshare/testkit';
import type { FhirSource } from './fixture/fhir-source.fixture.js';
import { nothingOpen, openHooked, patience, patient, type HookedHospital } from './fixture/hooked-hospital.fixture.js';
import { openContext } from './fixture/ingest.fixture.js';
import { heartbeat } from './fixture/notification.fixture.js';

let fresh: FreshDatabase;
let opened: Awaited<ReturnType<typeof openContext>>;
beforeAll(async () => {
  fresh = await freshDatabase();
  opened = await openContext(fresh.url);
}, patience);
afterAll(async () => {
  await opened.close();
  await fresh.drop();
});

/** Notifications of all events, some lost, some repeated, in another order, each with a content of its own. */
function storm(source: FhirSource, seed: number): object[] {
  const random = seededRandom(seed);
  const chance = (share: number) => random.bytes(1)[0]! < share * 256;
  const contents = ['full-resource', 'id-only', 'empty'] as const;
  const numbers = source.events.map((_, index) => index + 1);
  const sent = numbers.filter(() => !chance(0.3)).flatMap((number) => (chance(0.3) ? [number, number] : [number]));
  for (let at = sent.length - 1; at > 0; at -= 1) {
    const other = Math.max(0, at - (random.bytes(1)[0]! % 6));
    [sent[at], sent[other]] = [sent[other]!, sent[at]!];
  }
  return sent.map((number) => source.notification([number], { content: contents[random.bytes(1)[0]! % 3]! }));
}

async function hunt(sabotage: (app: HookedHospital) => Promise<void> = () => Promise.resolve()): Promise<string[]> {
  const hospital = await openHooked(opened);
  const { source } = hospital;
  for (let n = 0; n < 40; n += 1) source.change(patient(`v${n}`, { birthDate: `19${10 + n}-01-01` }));
  await sabotage(hospital);
  for (const bundle of storm(source, 7)) expect((await hospital.post(bundle)).status).toBe(200);
  await hospital.post(heartbeat(40, { base: source.base, at: undefined }));
  await nothingOpen(hospital);
  await hospital.context.database.query('DROP TRIGGER IF EXISTS no_gaps ON webhook_fetch');
  const { rows } = await hospital.context.database.query<{ payload: string }>(
    `SELECT payload FROM message WHERE feed = 'his'`,
  );
  const found = await Promise.all(
    rows.map(async ({ payload }) => {
      const { parts } = await hospital.context.transit.get(payload);
      return (JSON.parse(new TextDecoder().decode(parts[1])) as { id: string }).id;
    }),
  );
  await hospital.close();
  return found.sort();
}

describe('whatever is lost, repeated and reordered', () => {
  const expected = Array.from({ length: 40 }, (_, n) => `v${n}`).sort();

  it(
    'each event has its effect once, and what was lost is fetched',
    async () => {
      expect(await hunt()).toEqual(expected);
    },
    patience,
  );

  it(
    'is seen when gaps are not noticed: the hunt can fail',
    async () => {
      const found = await hunt(async ({ context }) => {
        await context.database.query(
          `CREATE FUNCTION no_gaps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.kind = 'events' AND NEW.next_at > NEW.made_at THEN NULL ELSE NEW END; END $$`,
        );
        await context.database.query(
          'CREATE TRIGGER no_gaps BEFORE INSERT ON webhook_fetch FOR EACH ROW EXECUTE FUNCTION no_gaps()',
        );
      });
      expect(found).not.toEqual(expected);
      expect(found.length).toBeLessThan(expected.length);
    },
    patience,
  );
});
