import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callMain } from '@medshare/app/call-main.fixture';
import { openDemoConfigs } from '@medshare/app/commands/demo-configs';
import type { BorrowedDatabases } from '@medshare/app/run/open-database';
import type { Config } from '@medshare/app/config';
import { fsck } from '@medshare/app/run/fsck';
import { startDemo, until, type Demo } from '../harness/demo.js';
import { comparedStores } from './compared-stores.js';
import { postmasterOf, within } from './database-of.js';
import { Hospital } from './hospital.js';
import { plants, type Plant } from './plants.js';
import { anchorCount, isQuiet } from './promises.js';
import { lastingFindings, runFsck, type Finding } from './run-fsck.js';

describe('fsck', () => {
  let demo: Demo;
  let opened: BorrowedDatabases;
  const config = () => opened.configs[0]!;

  beforeAll(async () => {
    demo = await startDemo();
    const hospital = new Hospital(demo.institutions['harbor']!.mllpPort, 'F');
    await hospital.stream(3, () => true);
    await until(
      'all of it anchored, leaves accepted and checkpoints on the chain',
      () =>
        within(demo.data, 'harbor', async (client) => {
          const { rows } = await client.query<{ ready: boolean }>(
            `SELECT (SELECT bool_and(acknowledged_at IS NOT NULL) FROM vault.delivery)
               AND EXISTS (SELECT 1 FROM chain.state WHERE key = 'checkpoint/harbor') AS ready`,
          );
          return rows[0]!.ready && (await anchorCount(client)) === hospital.total && (await isQuiet(client));
        }),
      60_000,
    );
    expect(await lastingFindings(demo.data)).toEqual([]);
    // nobody may mend or sign what is planted: only PostgreSQL goes on
    await demo.kill();
    opened = await openDemoConfigs(demo.data, ['harbor'], process.env);
  }, 150_000);

  afterAll(async () => {
    if (!demo) return;
    process.kill(await postmasterOf(demo.data), 'SIGQUIT');
    await demo.kill();
    await until('PostgreSQL has ended', () =>
      postmasterOf(demo.data).then(
        () => false,
        () => true,
      ),
    );
    await demo.remove();
  }, 60_000);

  it('finds nothing where nothing is wrong, also while the institution is stopped', async () => {
    expect(await runFsck(demo.data)).toEqual([]);
  }, 60_000);

  it('tells how far each long walk is, and stops when asked to', async () => {
    const walked = new Map<string, [number, number][]>();
    const onWalked = (store: string, done: number, total: number) =>
      void walked.set(store, [...(walked.get(store) ?? []), [done, total]]);
    for await (const finding of fsck(config(), onWalked)) throw new Error(JSON.stringify(finding));
    expect([...walked.keys()]).toEqual(['records', 'deals', 'leaves', 'blocks', 'log entries', 'log nodes']);
    for (const steps of walked.values()) {
      const [done, total] = steps.at(-1)!;
      expect([done, steps.every(([so, all]) => so <= all)]).toEqual([total, true]);
      expect(total).toBeGreaterThan(1);
    }
    const stopped = await callMain(['fsck', '--data', demo.data], { stop: AbortSignal.abort() });
    expect(stopped).toEqual({ exitCode: 1, out: '', err: 'stopped before the end\n' });
  }, 60_000);

  it('has a planted disagreement for each pair of stores that it compares', async () => {
    const compared = await comparedStores();
    expect(compared.length).toBeGreaterThan(15);
    expect([...new Set(plants.map(({ store }) => store))].sort()).toEqual(compared);
  });

  it.each(plants)(
    'names $store: $what',
    async (plant) => {
      const undo = await plantIn(demo.data, plant);
      try {
        const named = (await findings(config())).map(({ store }) => store);
        expect(named).toContain(plant.store);
      } finally {
        await undo();
      }
    },
    60_000,
  );

  it('finds nothing once everything is put back', async () => {
    expect(await runFsck(demo.data, '--institution', 'harbor')).toEqual([]);
  }, 60_000);
});

async function findings(config: Config): Promise<Finding[]> {
  const found: Finding[] = [];
  for await (const finding of fsck(config)) found.push(finding);
  return found;
}

/** @returns puts everything back */
async function plantIn(data: string, { tables = [], sql, blob }: Plant): Promise<() => Promise<void>> {
  if (blob) return plantInBlob(data, blob);
  await change(data, [
    ...tables.map((table) => `CREATE TABLE public."kept ${table}" AS SELECT * FROM ${table}`),
    ...(sql ?? '').split(';'),
  ]);
  return () =>
    change(data, [
      ...tables.map((table) => `DELETE FROM ${table}`),
      ...tables.map((table) => `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM public."kept ${table}"`),
      ...tables.map((table) => `DROP TABLE public."kept ${table}"`),
    ]);
}

/** In one transaction, foreign keys and all other triggers put aside. */
const change = (data: string, statements: readonly string[]): Promise<void> =>
  within(data, 'harbor', async (client) => {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica');
    for (const statement of statements) await client.query(statement);
    await client.query('COMMIT');
  });

async function plantInBlob(
  data: string,
  { cid, change: how }: NonNullable<Plant['blob']>,
): Promise<() => Promise<void>> {
  const name = await within(data, 'harbor', async (client) => (await client.query<{ cid: string }>(cid)).rows[0]!.cid);
  const folder = join(data, 'harbor', 'blobs', name.slice(-2), name);
  await cp(folder, `${folder}.kept`, { recursive: true });
  if (how === 'remove') await rm(folder, { recursive: true });
  else {
    const [file] = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const path = join(file!.parentPath, file!.name);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await rm(path);
    await writeFile(path, bytes);
  }
  return async () => {
    await rm(folder, { recursive: true, force: true });
    await cp(`${folder}.kept`, folder, { recursive: true });
    await rm(`${folder}.kept`, { recursive: true });
  };
}
