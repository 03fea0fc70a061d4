import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { clusterOf } from '@medshare/database/embedded/data-folder';
import { findRunningServer } from '@medshare/database/embedded/running-server';
import type { Config } from '../config.js';
import { openConfiguredDatabase, withDatabase } from './open-database.js';

describe('the embedded database of one institution', () => {
  let data: string;
  const config = () => ({ institution: 'pier', data, database: { url: 'embedded:' } }) as Config;
  const whose = async ({ database }: Config): Promise<unknown> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query('SELECT current_user AS name')).rows[0];
    } finally {
      await client.end();
    }
  };
  const runs = async () => (await findRunningServer(clusterOf(join(data, 'postgres')))) !== undefined;

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'borrow-'));
    await chmod(data, 0o755);
    await mkdir(join(data, 'keys'), { mode: 0o700 });
  });
  afterAll(() => rm(data, { recursive: true }));

  it('is reached by a command although the institution does not run, and ended after it, also when the command fails', async () => {
    expect(await withDatabase(config(), whose)).toEqual({ name: 'pier' });
    expect(await runs()).toBe(false);
    await expect(withDatabase(config(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await runs()).toBe(false);
  }, 60_000);

  it('is left as it is while the institution runs', async () => {
    const opened = await openConfiguredDatabase(config());
    try {
      expect(await withDatabase(config(), whose)).toEqual({ name: 'pier' });
      expect(await whose(opened.config)).toEqual({ name: 'pier' });
    } finally {
      await opened.close();
    }
    expect(await runs()).toBe(false);
  }, 60_000);

  it('is not looked for where a server is named', async () => {
    const named = { ...config(), database: { url: 'postgresql://pier@db/medshare_pier' } } as Config;
    expect(await withDatabase(named, (given) => Promise.resolve(given))).toBe(named);
  });
});
