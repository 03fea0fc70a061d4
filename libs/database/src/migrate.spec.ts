import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freshDatabase, tempDir, type FreshDatabase } from '@medshare/testkit';
import { migrate, openDatabase, type Database } from './index.js';

let fresh: FreshDatabase;
let db: Database;
let folder: { path: string; remove(): Promise<void> };

const write = async (name: string, sql: string, under = 'one') => {
  await mkdir(join(folder.path, under, name), { recursive: true });
  await writeFile(join(folder.path, under, name, 'migration.sql'), sql);
};
const run = (...under: string[]) =>
  migrate(
    fresh.url,
    'desk',
    (under.length ? under : ['one']).map((name) => join(folder.path, name)),
  );

beforeEach(async () => {
  [fresh, folder] = await Promise.all([freshDatabase(), tempDir()]);
  db = openDatabase({ url: fresh.url, schema: 'desk' });
  await write('20260101000000_first', 'CREATE TABLE "a" (n int); INSERT INTO "a" VALUES (1);');
}, 120_000);
afterEach(async () => {
  await db.close();
  await Promise.all([fresh.drop(), folder.remove()]);
});

describe('migrations', () => {
  it("are applied in order, once, and recorded as Prisma's", async () => {
    await write('20260102000000_second', 'ALTER TABLE "a" ADD COLUMN m int NOT NULL DEFAULT 2;');
    expect(await run()).toEqual(['20260101000000_first', '20260102000000_second']);
    expect(await run()).toEqual([]);
    expect((await db.query('SELECT * FROM a')).rows).toEqual([{ n: 1, m: 2 }]);
    const { rows } = await db.query('SELECT * FROM _prisma_migrations ORDER BY migration_name');
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      checksum: createHash('sha256').update('CREATE TABLE "a" (n int); INSERT INTO "a" VALUES (1);').digest('hex'),
      migration_name: '20260101000000_first',
      started_at: expect.any(Date) as Date,
      finished_at: expect.any(Date) as Date,
      applied_steps_count: 1,
      logs: null,
      rolled_back_at: null,
    });
  });

  it('are applied once by replicas that start together', async () => {
    const done = await Promise.all(Array.from({ length: 5 }, () => run()));
    expect(done.flat()).toEqual(['20260101000000_first']);
    expect((await db.query('SELECT * FROM a')).rowCount).toBe(1);
  });

  it('refuse a file that changed, by name', async () => {
    await run();
    await write('20260101000000_first', 'CREATE TABLE "a" (n bigint);');
    await expect(run()).rejects.toMatchObject({ code: 'config.invalid', where: '20260101000000_first' });
  });

  it('refuse a gap, by name', async () => {
    await write('20260103000000_third', 'SELECT 1;');
    await run();
    await write('20260102000000_second', 'SELECT 1;');
    await expect(run()).rejects.toMatchObject({ code: 'config.invalid', where: '20260102000000_second' });
  });

  it('leave nothing of one that fails, and name it', async () => {
    await write('20260102000000_broken', 'CREATE TABLE "b" (n int); SELECT 1/0;');
    await expect(run()).rejects.toMatchObject({ code: 'config.invalid', where: '20260102000000_broken' });
    expect((await db.query("SELECT to_regclass('b') t")).rows).toEqual([{ t: null }]);
    await write('20260102000000_broken', 'CREATE TABLE "b" (n int);');
    expect(await run()).toEqual(['20260102000000_broken']);
  });

  it('of several folders share a schema; those of a later release are left alone', async () => {
    await write('20250101000000_older', 'CREATE TABLE "c" (n int);', 'two');
    await run();
    expect(await run('one', 'two')).toEqual(['20250101000000_older']);
    await rm(join(folder.path, 'two', '20250101000000_older'), { recursive: true });
    expect(await run('one', 'two')).toEqual([]);
  });

  it('refuse a folder that is not there', async () => {
    await expect(run('nowhere')).rejects.toMatchObject({ code: 'config.invalid' });
  });
});
