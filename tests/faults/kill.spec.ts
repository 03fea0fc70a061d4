import { faultPoints, type FaultPoint } from '@medshare/telemetry/fault-point';
import { seededRandom } from '@medshare/testkit';
import { within } from './database-of.js';
import { anchorCount, brokenPromises } from './promises.js';
import { lastingFindings } from './run-fsck.js';
import { UnderFire, type Victim } from './under-fire.js';

interface Kill {
  point: FaultPoint;
  victim: Victim;
  /** at which passing */
  nth: number;
}

const seed = Number(process.env['MEDSHARE_SEED'] ?? 1);
// it is this suite's, and the product refuses names that it does not know
delete process.env['MEDSHARE_SEED'];

/** Every point once for Node and a sample for the others; any number, at any moment: `npm run campaign kill`. */
function chooseKills(): Kill[] {
  const random = seededRandom(seed);
  const pick = (below: number) => ((random.bytes(2)[0] ?? 0) * 256 + (random.bytes(1)[0] ?? 0)) % below;
  const shuffled = () => {
    const rest = [...faultPoints];
    return faultPoints.map(() => rest.splice(pick(rest.length), 1)[0]!);
  };
  const kill = (victim: Victim) => (point: FaultPoint) => ({ point, victim, nth: 1 + pick(4) });
  const [each, some, few] = [
    faultPoints.map(kill('node')),
    shuffled().map(kill('postgres')),
    shuffled().map(kill('both')),
  ];
  return [...each, ...some.slice(0, 7), ...few.slice(0, 5)];
}

describe(`what was acknowledged survives SIGKILL (seed ${seed})`, () => {
  let fire: UnderFire;

  beforeAll(async () => {
    fire = await UnderFire.start();
  }, 120_000);
  beforeEach(() => fire.ensureRunning(), 120_000);
  afterAll(() => fire?.close(), 60_000);

  it.each(chooseKills())(
    'of $victim at $point, passing $nth',
    async (kill) => {
      expect(await fire.survive(kill)).toEqual([]);
    },
    150_000,
  );

  it('leaves stores that agree with each other, at every institution', async () => {
    expect(await lastingFindings(fire.demo.data)).toEqual([]);
    const counts = await Promise.all(
      ['harbor', 'lakeside', 'summit'].map((id) => within(fire.demo.data, id, anchorCount)),
    );
    expect(counts).toEqual(counts.map(() => fire.hospital.total));
    expect(fire.hospital.repeated).toBeGreaterThan(0);
  }, 120_000);

  it.each([
    ['lost', `DELETE FROM ingest.message WHERE key = $1`],
    [
      'doubled',
      `INSERT INTO ingest.message (id, kind, feed, key, variant, content, patient_key, size, payload, received_at)
       SELECT gen_random_uuid(), kind, feed, key, 'x', content, patient_key, size, payload, received_at FROM ingest.message WHERE key = $1`,
    ],
    ['no record', `UPDATE ingest.message SET record_id = NULL WHERE key = $1`],
    [
      'not anchored',
      `DELETE FROM chain.state WHERE key IN (SELECT 'anchor/harbor/' || r.tag FROM vault.record r
       JOIN ingest.message m ON m.record_id = r.id WHERE m.key = $1)`,
    ],
    [
      ' anchors',
      `INSERT INTO chain.state (key, value, block, index)
       SELECT 'anchor/harbor/planted', value, block, index FROM chain.state WHERE key LIKE 'anchor/harbor/%' AND $1 <> '' LIMIT 1`,
    ],
    [
      'out of order',
      `UPDATE ledger.anchor SET sequence = sequence + 1000000 FROM ingest.message m WHERE m.record_id = anchor.record_id AND m.key = $1`,
    ],
  ])('would be found not to be so: %s', async (complaint, plant) => {
    const [[first]] = [...fire.hospital.acknowledged.values()] as [string[]];
    const complaints = await within(fire.demo.data, 'harbor', async (client) => {
      await client.query('BEGIN');
      const { rowCount } = await client.query(plant, [fire.hashes.message('hl7v2', 'LAB', 'HARBOR', first!)]);
      expect(rowCount).toBe(1);
      const found = await brokenPromises(client, fire.hashes, fire.hospital.acknowledged);
      await client.query('ROLLBACK');
      return found;
    });
    expect(complaints.join('\n')).toContain(complaint);
    expect(await fire.broken()).toEqual([]);
  });
});
