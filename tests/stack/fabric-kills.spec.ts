import { lastingFindings } from '../faults/run-fsck.js';
import { catchUpMs, ChainUnderFire, type ChainKill } from './chain-under-fire.js';

/** A sample; every part, with thousands of messages around each kill: `npm run campaign fabric-kills`. */
const sample: readonly ChainKill[] = ['own chaincode server', 'orderer that leads', 'client at ledger.kept'];
const messages = 80;

describe('what was acknowledged comes to the chain while parts of the network are killed', () => {
  let fire: ChainUnderFire;
  beforeAll(async () => {
    fire = await ChainUnderFire.start();
  }, 600_000);
  afterAll(() => fire?.close(), 120_000);

  it.each(sample)(
    '%s',
    async (kill) => {
      const outcome = await fire.survive(kill, messages);
      const { broken, ...figures } = outcome;
      process.stdout.write(`${kill}: ${JSON.stringify(figures)}\n`);
      expect(broken.slice(0, 10)).toEqual([]);
      expect(outcome.acknowledged).toBeGreaterThanOrEqual(messages);
      expect(outcome.caughtUpMs).toBeLessThan(catchUpMs);
      if (!kill.startsWith('client')) expect(outcome.meanwhile).toBeGreaterThan(0);
    },
    400_000,
  );

  it('leaves stores and copies of the chain that agree', async () => {
    expect(await lastingFindings(fire.data)).toEqual([]);
  }, 180_000);

  it.each([
    [
      'not anchored',
      `DELETE FROM chain.fabric_state WHERE key IN (SELECT 'anchor/harbor/' || r.tag FROM vault.record r
       JOIN ingest.message m ON m.record_id = r.id WHERE m.key = $1)`,
    ],
    [
      ' anchors',
      `INSERT INTO chain.fabric_state (key, value, block, index)
       SELECT 'anchor/harbor/planted', value, block, index FROM chain.fabric_state WHERE key LIKE 'anchor/harbor/%' AND $1 <> '' LIMIT 1`,
    ],
    [
      'out of order by block',
      `UPDATE chain.fabric_state SET block = 1000000 WHERE key IN (SELECT 'anchor/harbor/' || r.tag FROM vault.record r
       JOIN ingest.message m ON m.record_id = r.id WHERE m.key = $1)`,
    ],
  ])('would be found not to be so: %s', async (complaint, plant) => {
    const [[first]] = [...fire.hospital.acknowledged.values()] as [string[]];
    const complaints = await fire.inside(async (client) => {
      await client.query('BEGIN');
      const { rowCount } = await client.query(plant, [fire.keyOf(first!)]);
      expect(rowCount).toBe(1);
      const found = await fire.broken(client);
      await client.query('ROLLBACK');
      return found;
    });
    expect(complaints.join('\n')).toContain(complaint);
    expect(await fire.broken()).toEqual([]);
  });

  // the last: it leaves an institution that has lost records
  it('finds a ledger role that takes for done what no orderer took', async () => {
    const believe = `UPDATE ledger.anchor SET state = 'anchored' WHERE state = 'waiting'`;
    const outcome = await fire.survive('most orderers', messages, async () => {
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      await fire.inside((client) => client.query(believe));
    });
    expect(outcome.broken.filter((line) => line.startsWith('not anchored: ')).length).toBeGreaterThan(0);
  }, 400_000);
});
