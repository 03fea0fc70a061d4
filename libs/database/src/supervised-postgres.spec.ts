import { join } from 'node:path';
import { eventually, tempDir } from '@medshare/testkit';
import pg from 'pg';
import { superviseEmbeddedPostgres } from './supervised-postgres.driver.js';

describe('a supervised PostgreSQL', () => {
  it('comes back after SIGKILL on the same port with what was committed, and stays down once stopped', async () => {
    const folder = await tempDir();
    const postgres = await superviseEmbeddedPostgres({ dataDir: join(folder.path, 'pg') });
    const ask = async (sql: string) => {
      const client = new pg.Client({ connectionString: postgres.adminUrl, connectionTimeoutMillis: 2_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return (await client.query(sql)).rows as unknown[];
      } finally {
        await client.end().catch(() => undefined);
      }
    };
    await ask('CREATE TABLE kept AS SELECT 1 AS n');
    const first = postgres.pid;
    process.kill(first, 'SIGKILL');
    await eventually(() => postgres.pid !== first, { timeout: 30_000 });
    expect(await ask('SELECT n FROM kept')).toEqual([{ n: 1 }]);
    await postgres.stop();
    await expect(ask('SELECT 1')).rejects.toThrow();
    await folder.remove();
  }, 90_000);
});
