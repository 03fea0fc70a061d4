import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const institutions = ['harbor', 'lakeside', 'summit'];

async function urlOf(data, id) {
  const port = (await readFile(join(data, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[3];
  const password = await readFile(join(data, id, 'keys', 'database-password'), 'utf8');
  return `postgresql://${id}:${encodeURIComponent(password)}@127.0.0.1:${port}/medshare_${id}`;
}

/** What stands in the sending institution's database, and how much everything weighs. */
export class Store {
  /** @param connection of another server than the one in the demo's folder, as `pg` takes it */
  static async of(data, connection) {
    const store = new Store();
    store.data = data;
    store.url = connection ?? (await urlOf(data, 'harbor'));
    store.client = new pg.Client(store.url);
    await store.client.connect();
    return store;
  }

  async anchored() {
    const { rows } = await this.client.query({
      name: 'anchored',
      text: "SELECT count(*)::int AS n FROM ledger.anchor WHERE state = 'anchored'",
    });
    return rows[0].n;
  }

  /** Numbers, in the order of reception, of the anchored records from one on. */
  async anchoredFrom(first) {
    const { rows } = await this.client.query({
      name: 'anchored-from',
      text: `SELECT n::int FROM (SELECT state, row_number() OVER (ORDER BY received_at, sequence) - 1 AS n FROM ledger.anchor) a
             WHERE state = 'anchored' AND n >= $1`,
      values: [first],
    });
    return rows.map(({ n }) => n);
  }

  /** Resolves when so many are anchored; gives up when nothing moves for a minute. */
  async untilAnchored(wanted) {
    let [last, since] = [-1, performance.now()];
    for (let now; (now = await this.anchored()) < wanted; await sleep(20)) {
      if (now !== last) [last, since] = [now, performance.now()];
      if (performance.now() - since > 60_000)
        throw new Error(`${now} of ${wanted} records are anchored, and no more come`);
    }
  }

  /** Resolves when no institution has anything left to do. */
  async untilQuiet() {
    const lag =
      'SELECT coalesce(sum(h.next - c.off), 0)::int AS n FROM bus.cursor c JOIN bus.head h USING (topic, part)';
    for (let quiet = 0; quiet < 2; await sleep(200)) {
      const { rows } = await this.client.query(lag);
      quiet = rows[0].n === 0 ? quiet + 1 : 0;
    }
  }

  /** Bytes: blobs, and the databases of all institutions (after a checkpoint nobody has to wait for). */
  async sizes() {
    let [databases, blobs] = [0, 0];
    for (const id of institutions) {
      const client = new pg.Client(await urlOf(this.data, id));
      await client.connect();
      const { rows } = await client.query('SELECT pg_database_size(current_database())::float8 AS n');
      databases += rows[0].n;
      await client.end();
      blobs += await folderSize(join(this.data, id, 'blobs'));
    }
    return { databases, blobs };
  }

  close() {
    return this.client.end();
  }
}

async function folderSize(folder) {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files.filter((file) => file.isFile()).map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
