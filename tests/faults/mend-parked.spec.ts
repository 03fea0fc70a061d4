import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate, openDatabase, type Database } from '@medshare/database';
import { Inbox, outboxMigrations } from '@medshare/outbox';
import { mendingPoints, type FaultPoint } from '@medshare/telemetry/fault-point';
import {
  eventually,
  freshDatabase,
  killHard,
  lineOf,
  spawnScript,
  tempDir,
  type FreshDatabase,
} from '@medshare/testkit';
import { complaints, effectOf, tables } from './mend-effects.js';

type Deed = 'replay' | 'skip';
const sent = [1, 2, 3, 4, 5, 6];
const broken = 2;
const wanted = { replay: sent, skip: sent.filter((n) => n !== broken) };

/** The deed's own points, and those of the way that what it frees takes again. */
const cases = (['replay', 'skip'] as const).flatMap((deed) => {
  const own = mendingPoints.filter((point) => point.startsWith(`parked.${deed}.`));
  return [...own, 'outbox.published' as const, 'outbox.written' as const].map((point): [Deed, FaultPoint] => [
    deed,
    point,
  ]);
});

describe('mending what is parked survives SIGKILL', () => {
  let fresh: FreshDatabase;
  let folder: { path: string; remove(): Promise<void> };
  let database: Database;
  let inbox: Inbox;

  beforeAll(async () => {
    [fresh, folder] = await Promise.all([freshDatabase(), tempDir()]);
    await migrate(fresh.url, 'vault', [outboxMigrations]);
    database = openDatabase({ url: fresh.url, schema: 'vault' });
    await database.query(tables);
    inbox = new Inbox({ database, attempts: 1 });
  }, 120_000);
  afterAll(async () => {
    await database.close();
    await Promise.all([fresh.drop(), folder.remove()]);
  });

  const effects = async (key: string): Promise<number[]> => {
    const found = await database.query<{ n: number }>('SELECT n FROM effect WHERE key = $1 ORDER BY seq', [key]);
    return found.rows.map(({ n }) => n);
  };
  const left = async (): Promise<number> => {
    const { rows } = await database.query<{ n: number }>(
      'SELECT (SELECT count(*) FROM inbox_parked)::int + (SELECT count(*) FROM outbox)::int AS n',
    );
    return rows[0]!.n;
  };
  const role = (deed: Deed, id: string, env = {}) =>
    spawnScript(new URL('./mend-parked.fixture.ts', import.meta.url), { args: [fresh.url, deed, id], env });

  /** A stream of which the second cannot be done: the later ones wait behind it. @returns its id */
  const park = async (key: string): Promise<string> => {
    await database.query('INSERT INTO broken VALUES ($1, $2)', [key, broken]);
    for (const n of sent) {
      const message = { id: `${key}-${n}`, topic: 'record.sealed', key, headers: { version: '1' }, value: { n } };
      await inbox.consume(message, effectOf(message));
    }
    expect(await effects(key)).toEqual([1]);
    return `${key}-${broken}`;
  };

  it.each(cases)(
    '%s at %s: nothing is lost, nothing doubled, the order kept',
    async (deed, point) => {
      const key = `${deed}-${point}`;
      const id = await park(key);
      if (deed === 'replay') await database.query('DELETE FROM broken WHERE key = $1', [key]);
      const order = join(folder.path, key);
      await writeFile(order, `${point} 1 SIGKILL`);
      const victim = role(deed, id, { MEDSHARE_FAULT: order });
      await new Promise((resolve) => victim.once('exit', resolve));
      expect(victim.signalCode).toBe('SIGKILL');

      // as a person would who got no answer: the same again
      const survivor = role(deed, id);
      try {
        await lineOf(survivor, /^mended$/);
        await eventually(async () => (await effects(key)).includes(sent.at(-1)!) && (await left()) === 0, {
          timeout: 60_000,
        });
      } finally {
        await killHard(survivor);
      }
      expect(complaints(await effects(key), wanted[deed])).toEqual([]);
      const { rows } = await database.query('SELECT id FROM inbox_skipped WHERE id LIKE $1', [`${key}-%`]);
      expect(rows).toEqual(deed === 'skip' ? [{ id }] : []);
    },
    150_000,
  );

  it.each([
    ['lost: 4', [1, 2, 3, 5, 6]],
    ['doubled: 3', [1, 2, 3, 3, 4, 5, 6]],
    ['out of order: 1,3,2,4,5,6', [1, 3, 2, 4, 5, 6]],
    ['given up, and done: 7', [...sent, 7]],
  ])('would be found not to: %s', (complaint, found) => {
    expect(complaints(found, sent)).toEqual([complaint]);
  });
});
