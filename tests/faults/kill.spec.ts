import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyedHashes } from '@medshare/ingest-service/keyed-hashes';
import { faultPoints, type FaultPoint } from '@medshare/telemetry/fault-point';
import { seededRandom } from '@medshare/testkit';
import { startDemo, until, type Demo } from '../harness/demo.js';
import { postmasterOf, within } from './database-of.js';
import { Hospital } from './hospital.js';
import { anchorCount, brokenPromises, hashesOf, isQuiet } from './promises.js';
import { lastingFindings } from './run-fsck.js';

const victims = ['node', 'postgres', 'both'] as const;
type Victim = (typeof victims)[number];
interface Kill {
  point: FaultPoint;
  victim: Victim;
  /** at which passing */
  nth: number;
}

const seed = Number(process.env['MEDSHARE_SEED'] ?? 1);
const wanted = process.env['MEDSHARE_KILLS'];
// they are this suite's, and the product refuses names that it does not know
for (const name of ['MEDSHARE_SEED', 'MEDSHARE_KILLS']) delete process.env[name];

/** Every point once for Node and a sample for the others; with MEDSHARE_KILLS=n, n of all points and victims, again and again. */
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
  if (wanted === undefined) return [...each, ...some.slice(0, 7), ...few.slice(0, 5)];
  const kills: Kill[] = [];
  for (let round = 0; kills.length < Number(wanted); round += 1)
    kills.push(...shuffled().map((point, n) => kill(victims[(n + round) % victims.length]!)(point)));
  return kills.slice(0, Number(wanted));
}

describe(`what was acknowledged survives SIGKILL (seed ${seed})`, () => {
  let folder: string;
  let demo: Demo;
  let hospital: Hospital;
  let hashes: KeyedHashes;
  const orders = () => join(folder, 'fault');
  const start = async (again?: Pick<Demo, 'data' | 'portBase'>) => {
    demo = await startDemo({ ...again, env: { MEDSHARE_FAULT: orders() } });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medshare-fault-'));
    await start();
    hospital = new Hospital(demo.institutions['harbor']!.mllpPort, `K${process.pid}`);
    hashes = await hashesOf(demo.data);
  }, 120_000);

  // a case that failed leaves the next ones what they need
  beforeEach(async () => {
    if (stateOf(demo.pid) === undefined) await start(demo);
  }, 120_000);

  afterAll(async () => {
    await demo?.stop();
    await demo?.remove();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Ends what is to be ended while Node stands at the point. @returns whether Node must be started again */
  const strike = async ({ point, victim, nth }: Kill): Promise<boolean> => {
    await writeFile(orders(), `${point} ${nth} ${victim === 'node' ? 'SIGKILL' : 'SIGSTOP'}`);
    const { pid } = demo;
    await until(
      `${point} passed`,
      () => Promise.resolve(victim === 'node' ? stateOf(pid) === undefined : stateOf(pid) === 'T'),
      60_000,
    );
    await rm(orders());
    if (victim !== 'node') process.kill(await postmasterOf(demo.data), 'SIGKILL');
    if (victim === 'both') await demo.kill();
    if (victim === 'postgres') process.kill(pid, 'SIGCONT');
    return victim !== 'postgres';
  };

  const settled = () =>
    until(
      'everything anchored and quiet',
      () =>
        within(
          demo.data,
          'harbor',
          async (client) => (await anchorCount(client)) >= hospital.total && (await isQuiet(client)),
        ),
      60_000,
    );

  const broken = () => within(demo.data, 'harbor', (client) => brokenPromises(client, hashes, hospital.acknowledged));

  it.each(chooseKills())(
    'of $victim at $point, passing $nth',
    async (kill) => {
      let struck = false;
      const sending = hospital.stream(3, () => struck);
      try {
        if (await strike(kill)) await start(demo);
      } catch (cause) {
        throw new Error(`after: ${demo.output().slice(-2_000)}`, { cause });
      } finally {
        struck = true;
        await sending;
      }
      await settled();
      expect(await broken()).toEqual([]);
    },
    150_000,
  );

  it('leaves stores that agree with each other, at every institution', async () => {
    expect(await lastingFindings(demo.data)).toEqual([]);
    const counts = await Promise.all(['harbor', 'lakeside', 'summit'].map((id) => within(demo.data, id, anchorCount)));
    expect(counts).toEqual(counts.map(() => hospital.total));
    expect(hospital.repeated).toBeGreaterThan(0);
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
      'anchors on the chain',
      `INSERT INTO chain.state (key, value, block, index)
       SELECT 'anchor/harbor/planted', value, block, index FROM chain.state WHERE key LIKE 'anchor/harbor/%' AND $1 <> '' LIMIT 1`,
    ],
    [
      'out of order',
      `UPDATE ledger.anchor SET sequence = sequence + 1000000 FROM ingest.message m WHERE m.record_id = anchor.record_id AND m.key = $1`,
    ],
  ])('would be found not to be so: %s', async (complaint, plant) => {
    const [[first]] = [...hospital.acknowledged.values()] as [string[]];
    const complaints = await within(demo.data, 'harbor', async (client) => {
      await client.query('BEGIN');
      const { rowCount } = await client.query(plant, [hashes.message('hl7v2', 'LAB', 'HARBOR', first!)]);
      expect(rowCount).toBe(1);
      const found = await brokenPromises(client, hashes, hospital.acknowledged);
      await client.query('ROLLBACK');
      return found;
    });
    expect(complaints.join('\n')).toContain(complaint);
    expect(await broken()).toEqual([]);
  });
});

/** One letter of /proc (proc(5)), undefined when the process is gone or waits for its parent. */
function stateOf(pid: number): string | undefined {
  try {
    const letter = /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return letter === 'Z' || letter === 'X' ? undefined : letter;
  } catch {
    return undefined;
  }
}
