import { join } from 'node:path';
import { clusterOf } from '@medshare/database/embedded/data-folder';
import { findRunningServer } from '@medshare/database/embedded/running-server';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import { superviseEmbeddedPostgres } from '@medshare/database/supervised-postgres.driver';
import type { Config } from '../config.js';
import { databasePassword } from './database-password.js';

export interface OpenedDatabase {
  /** The configuration with the URL of a database that answers. */
  config: Config;
  close(): Promise<void>;
}

const isEmbedded = ({ database }: Config): boolean => database.url.startsWith('embedded:');
const serverFolder = (data: string): string => join(data, 'postgres');

/** The configuration with the URL of its institution's database on an embedded server, made where it is missing; one with a server elsewhere as it is. */
export async function placedOn(postgres: EmbeddedPostgres, config: Config): Promise<Config> {
  if (!isEmbedded(config)) return config;
  const { institution, data, database } = config;
  const password = await databasePassword(data);
  const url = await postgres.ensureDatabase({ name: `medshare_${institution}`, user: institution, password });
  return { ...config, database: { ...database, url } };
}

/** `embedded:` becomes a server of the institution's own below its data folder; any other URL stays what it is. */
export async function openConfiguredDatabase(config: Config): Promise<OpenedDatabase> {
  if (!isEmbedded(config)) return { config, close: () => Promise.resolve() };
  const postgres = await superviseEmbeddedPostgres({ dataDir: serverFolder(config.data) });
  try {
    return { config: await placedOn(postgres, config), close: () => postgres.stop() };
  } catch (caught) {
    await postgres.stop();
    throw caught;
  }
}

export interface BorrowedDatabases {
  configs: Config[];
  /** Leaves a database server that ran before as it was. */
  close(): Promise<void>;
}

/**
 * Configurations with their databases reachable, whether their institutions run or not.
 * @param data the folder below which the embedded server is that they share
 */
export async function borrowDatabases(data: string, given: readonly Config[]): Promise<BorrowedDatabases> {
  if (!given.some(isEmbedded)) return { configs: [...given], close: () => Promise.resolve() };
  const folder = serverFolder(data);
  const ranBefore = (await findRunningServer(clusterOf(folder))) !== undefined;
  const postgres = await startEmbeddedPostgres({ dataDir: folder });
  const close = () => (ranBefore ? Promise.resolve() : postgres.stop());
  try {
    const configs: Config[] = [];
    for (const config of given) configs.push(await placedOn(postgres, config));
    return { configs, close };
  } catch (caught) {
    await close();
    throw caught;
  }
}

/** Does something with one institution's database, whether the institution runs or not. */
export async function withDatabase<T>(config: Config, work: (config: Config) => Promise<T>): Promise<T> {
  const { configs, close } = await borrowDatabases(config.data, [config]);
  try {
    return await work(configs[0]!);
  } finally {
    await close();
  }
}
