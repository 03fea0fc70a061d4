// Holds the test run's PostgreSQL: starts it, tells where it is, and stops it and removes its folder when the run is over, however that ended.
import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

// by path: database's own specs use the testkit, and two packages must not need each other
const driver = new URL('../../database/src/embedded-postgres.driver.ts', import.meta.url);
const { startEmbeddedPostgres } = await import(driver.href);

const [folder, watched] = [process.argv[2], Number(process.argv[3])];
const runs = () => {
  try {
    return process.kill(watched, 0);
  } catch {
    return false;
  }
};
const tell = async (answer) => {
  await writeFile(`${folder}/server.new`, JSON.stringify({ host: process.pid, ...answer }), { mode: 0o600 });
  await rename(`${folder}/server.new`, `${folder}/server.json`);
};

try {
  // what tests kill is a process, never the machine: so this one server need not wait for the disk
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
  const server = await startEmbeddedPostgres({ dataDir: `${folder}/postgres`, settings });
  await server.ensureDatabase({ name: 'tester', user: 'tester', password: 'tester' });
  await tell({ adminUrl: server.adminUrl });
  while (runs()) await sleep(200);
  await server.stop();
} catch (caught) {
  await tell({ failed: `${caught?.message} ${caught?.cause?.message ?? ''}` });
  while (runs()) await sleep(200);
}
await rm(folder, { recursive: true, force: true, maxRetries: 5 });
