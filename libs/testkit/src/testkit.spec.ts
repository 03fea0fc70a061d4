import { stat } from 'node:fs/promises';
import pg from 'pg';
import { eventually, freePort, freshDatabase, ManualClock, seededRandom, tempDir } from './index.js';

describe('the testkit', () => {
  it('hands out databases that do not share tables', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
    const client = new pg.Client(one.url);
    const other = new pg.Client(two.url);
    await Promise.all([client.connect(), other.connect()]);
    await client.query('CREATE TABLE seen (n int)');
    await expect(other.query('SELECT * FROM seen')).rejects.toThrow('does not exist');
    await Promise.all([client.end(), other.end()]);
    await Promise.all([one.drop(), two.drop()]);
    await expect(new pg.Client(one.url).connect()).rejects.toThrow('does not exist');
  }, 120_000);

  it('has a clock that stands still until moved', () => {
    const clock = new ManualClock('2026-03-01T00:00:00Z');
    clock.advance(1_500);
    expect(new Date(clock.now()).toISOString()).toBe('2026-03-01T00:00:01.500Z');
    clock.set(7);
    expect(clock.now()).toBe(7);
  });

  it('repeats randomness of a seed, and only of that seed', () => {
    const draw = (seed: string) => {
      const random = seededRandom(seed);
      return [Buffer.from(random.bytes(40)).toString('hex'), random.uuid(), random.uuid()];
    };
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
    expect(draw('a')[1]).not.toBe(draw('a')[2]);
    expect(draw('a')[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('waits, and says why it gave up', async () => {
    let n = 0;
    expect(await eventually(() => ++n > 3 && n)).toBe(4);
    const hopeless = () => {
      throw new Error('still dark');
    };
    await expect(eventually(hopeless, { timeout: 50 })).rejects.toThrow('still dark');
    await expect(eventually(() => false, { timeout: 50 })).rejects.toThrow('not so within 50 ms');
  });

  it('finds ports and folders', async () => {
    expect(await freePort()).toBeGreaterThan(1_023);
    const folder = await tempDir();
    expect((await stat(folder.path)).mode & 0o777).toBe(0o711);
    await folder.remove();
    await expect(stat(folder.path)).rejects.toThrow('ENOENT');
  });
});
