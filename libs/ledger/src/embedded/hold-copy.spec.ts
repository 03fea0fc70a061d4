import pg from 'pg';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { holdCopy, type Held } from './hold-copy.js';

describe('who takes up a copy of the chain', () => {
  let database: FreshDatabase;
  const open: Held[] = [];
  beforeAll(async () => void (database = await freshDatabase()), 90_000);
  afterEach(async () => void (await Promise.all(open.splice(0).map((held) => held.release()))));
  afterAll(() => database.drop());

  const told: string[] = [];
  const hold = async (name: string, stop?: AbortSignal): Promise<Held> => {
    const held = await holdCopy({
      url: database.url,
      stop,
      onWait: () => void told.push(`${name} waits`),
      onLost: () => void told.push(`${name} lost it`),
    });
    told.push(`${name} has it`);
    open.push(held);
    return held;
  };
  beforeEach(() => void told.splice(0));

  const admin = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    return client;
  };
  const holders = `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database() AND application_name = 'medshare chain holder'`;
  /** Ends the holder's session, as a failing server or network would. @returns its process */
  const cut = async (client: pg.Client): Promise<number> => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pg_terminate_backend(pid), pid FROM (${holders}) AS h`,
    );
    return rows[0]!.pid;
  };

  it('is one at a time: a second one stands by until the first lets go', async () => {
    const first = await hold('first');
    const second = hold('second');
    await eventually(() => Promise.resolve(told.includes('second waits')));
    expect(told).toEqual(['first has it', 'second waits']);
    await first.release();
    await second;
    expect(told).toEqual(['first has it', 'second waits', 'second has it']);
  });

  it('is stood by for no longer than told', async () => {
    await hold('first');
    const stop = new AbortController();
    const second = hold('second', stop.signal);
    await eventually(() => Promise.resolve(told.includes('second waits')));
    const ended = new Error('told to end');
    stop.abort(ended);
    await expect(second).rejects.toBe(ended);
    const client = await admin();
    const { rows } = await client.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'medshare chain holder'
      AND datname = current_database()`);
    expect(rows).toHaveLength(1);
    await client.end();
  });

  it('takes it again when the connection broke, and nobody else wants it', async () => {
    await hold('first');
    const client = await admin();
    const old = await cut(client);
    await eventually(async () => {
      const { rows } = await client.query<{ pid: number }>(holders);
      return rows.length === 1 && rows[0]?.pid !== old;
    });
    expect(told).toEqual(['first has it']);
    await client.end();
  });

  it('is told when another one took it over meanwhile', async () => {
    await hold('first');
    const [client, rival] = [await admin(), await admin()];
    const taking = rival.query(`SELECT pg_advisory_lock(hashtextextended('medshare.chain-copy', 0))`);
    await cut(client);
    await taking;
    await eventually(() => Promise.resolve(told.includes('first lost it')));
    expect(told).toEqual(['first has it', 'first lost it']);
    await Promise.all([client.end(), rival.end()]);
  });
});
