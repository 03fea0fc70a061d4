import { within } from '../../faults/database-of.js';
import { startDemo, type Demo } from '../../harness/demo.js';
import { Chance } from '../chance.js';
import { deliverAgain, playHospital } from './deliveries.campaign.js';
import { changes, effectsOf } from './redeliver.js';

describe('events that come again, in any order', () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await startDemo();
    await playHospital(demo, 3);
  }, 180_000);
  afterAll(async () => {
    await demo?.stop();
    await demo?.remove();
  }, 60_000);

  it('have one effect each', async () => {
    const { delivered, changed } = await deliverAgain(demo, new Chance(20261127, 0), 1_500);
    expect(delivered).toBeGreaterThanOrEqual(1_500);
    expect(changed).toEqual([]);
  }, 240_000);

  it.each([
    [
      'ingest.message',
      `UPDATE ingest.message SET settled_at = settled_at + interval '1 s' WHERE position = (SELECT min(position) FROM ingest.message)`,
    ],
    [
      'audit.entry',
      `INSERT INTO audit.entry (index, id, time, action, outcome, salt, leaf, bytes)
       SELECT 1000000, gen_random_uuid(), time, action, outcome, salt, leaf, bytes FROM audit.entry LIMIT 1`,
    ],
    [
      'vault.record',
      `UPDATE vault.record SET counter = counter + 1000 WHERE id = (SELECT id FROM vault.record LIMIT 1)`,
    ],
    [
      'chain.state',
      `INSERT INTO chain.state (key, value, block, index) SELECT key || 'x', value, block, index FROM chain.state WHERE key LIKE 'anchor/%' LIMIT 1`,
    ],
  ])('a planted second effect in %s is found', async (table, plant) => {
    await within(demo.data, 'harbor', async (client) => {
      const before = await effectsOf(client);
      await client.query('BEGIN');
      const { rowCount } = await client.query(plant);
      expect(rowCount).toBe(1);
      const after = await effectsOf(client);
      await client.query('ROLLBACK');
      expect(changes(before, after)).toEqual([expect.stringContaining(table)]);
    });
  });
});
