import { join } from 'node:path';
import { superviseEmbeddedPostgres } from '@medshare/database/supervised-postgres.driver';
import type { Config } from '../config.js';
import { databasePassword } from './database-password.js';

export interface OpenedDatabase {
  /** The configuration with the URL of a database that answers. */
  config: Config;
  close(): Promise<void>;
}

/** `embedded:` becomes a server of the institution's own below its data folder; any other URL stays what it is. */
export async function openConfiguredDatabase(config: Config): Promise<OpenedDatabase> {
  if (!config.database.url.startsWith('embedded:')) return { config, close: () => Promise.resolve() };
  const postgres = await superviseEmbeddedPostgres({ dataDir: join(config.data, 'postgres') });
  const password = await databasePassword(config.data);
  const { institution } = config;
  const url = await postgres.ensureDatabase({ name: `medshare_${institution}`, user: institution, password });
  return { config: { ...config, database: { ...config.database, url } }, close: () => postgres.stop() };
}
