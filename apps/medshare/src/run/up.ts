import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SuiteName } from '@medshare/crypto';
import type { EmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import { superviseEmbeddedPostgres } from '@medshare/database/supervised-postgres.driver';
import { loadConfig } from '../config.js';
import { migrateBus } from '../drivers.js';
import { demoInstitutions } from '../found/demo.js';
import { configFile, foundDemo, isFounded } from '../found/found-demo.js';
import { placedOn } from './open-database.js';
import type { RunningInstitution } from './running.js';
import { spawnInstitution } from './spawn-institution.js';
import { startInstitution } from './start-institution.js';

export interface UpOptions {
  /** Folder of everything that the demo keeps. */
  data: string;
  portBase: number;
  /** Suite of the region's keys and of everything that is sealed; settled when the demo is founded. Default `intl`. */
  suite?: SuiteName;
  /** Each institution in a process of its own, whose credentials cannot read the others'. */
  separate?: boolean;
  onProgress: (step: string) => void;
  /** Told when the chain is the embedded one, before anything runs. */
  onEmbeddedLedger: () => void;
}

export interface Up {
  institutions: RunningInstitution[];
  stop(): Promise<void>;
}

/**
 * Starts the demo: one embedded PostgreSQL with a database and a user for each institution, then the institutions.
 * A folder whose configurations name servers elsewhere is run against those.
 */
export async function up({
  data,
  portBase,
  suite = 'intl',
  separate = false,
  onProgress,
  onEmbeddedLedger,
}: UpOptions): Promise<Up> {
  await mkdir(data, { recursive: true, mode: 0o755 });
  if (!isFounded(data)) await foundDemo(data, portBase, suite, onProgress);
  const founded = demoInstitutions.map(({ id }) => loadConfig(configFile(data, id), process.env));
  if (founded.some(({ ledger }) => ledger.startsWith('embedded:'))) onEmbeddedLedger();
  // one whose configurations name databases elsewhere needs none of its own
  const embedded = founded.some(({ database }) => database.url.startsWith('embedded:'));
  if (embedded) onProgress('PostgreSQL');
  const postgres = embedded ? await openPostgres(data) : undefined;
  const running: RunningInstitution[] = [];
  const stop = async () => {
    await Promise.all(running.map((one) => one.stop()));
    await postgres?.stop();
  };
  try {
    const configs = postgres ? await Promise.all(founded.map((config) => placedOn(postgres, config))) : founded;
    for (const config of configs) await migrateBus(config);
    onProgress(`institutions: ${demoInstitutions.map(({ id }) => id).join(', ')}`);
    const started = await Promise.allSettled(
      configs.map((config) =>
        separate ? spawnInstitution(config, configFile(data, config.institution)) : startInstitution(config),
      ),
    );
    for (const one of started) if (one.status === 'fulfilled') running.push(one.value);
    const failed = started.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason as Error;
    await writeAddresses(data, running);
    return { institutions: running, stop };
  } catch (caught) {
    await stop();
    throw caught;
  }
}

async function openPostgres(data: string): Promise<EmbeddedPostgres> {
  const logs: string[] = [];
  const postgres = await superviseEmbeddedPostgres({
    dataDir: join(data, 'postgres'),
    onLog: (line) => void (logs.length < 1000 && logs.push(line)),
    settings: { max_connections: '300', shared_buffers: '64MB' },
  });
  return postgres;
}

/** Where the command line finds a running demo. */
async function writeAddresses(data: string, running: RunningInstitution[]): Promise<void> {
  const institutions = running.map(({ id, httpUrl, mllpPort, issuer, authorities }) => ({
    id,
    httpUrl,
    mllpPort,
    issuer,
    authorities,
  }));
  const path = join(data, 'demo.json');
  // whoever waits for the file must not read half of it
  await writeFile(`${path}.new`, `${JSON.stringify({ version: 1, institutions }, null, 2)}\n`);
  await chmod(`${path}.new`, 0o644);
  await rename(`${path}.new`, path);
}
