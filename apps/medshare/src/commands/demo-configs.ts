import { join } from 'node:path';
import { clusterOf } from '@medshare/database/embedded/data-folder';
import { findRunningServer } from '@medshare/database/embedded/running-server';
import { startEmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import { loadConfig, type Config } from '../config.js';
import { databasePassword } from '../run/database-password.js';
import type { Surroundings } from './outcome.js';

export interface DemoConfigs {
  configs: Config[];
  /** Leaves a database server that ran before as it was. */
  close(): Promise<void>;
}

/** The configurations of a demo's institutions with their databases reachable, whether the demo runs or not. */
export async function openDemoConfigs(
  data: string,
  ids: readonly string[],
  env: Surroundings['env'],
): Promise<DemoConfigs> {
  const founded = ids.map((id) => loadConfig(join(data, id, 'config.yaml'), env));
  if (!founded.some(({ database }) => database.url.startsWith('embedded:')))
    return { configs: founded, close: () => Promise.resolve() };
  const folder = join(data, 'postgres');
  const ranBefore = (await findRunningServer(clusterOf(folder))) !== undefined;
  const postgres = await startEmbeddedPostgres({ dataDir: folder });
  const close = () => (ranBefore ? Promise.resolve() : postgres.stop());
  try {
    const configs: Config[] = [];
    for (const config of founded) {
      const id = config.institution;
      const password = await databasePassword(join(data, id));
      const url = await postgres.ensureDatabase({ name: `medshare_${id}`, user: id, password });
      configs.push({ ...config, database: { ...config.database, url } });
    }
    return { configs, close };
  } catch (caught) {
    await close();
    throw caught;
  }
}
