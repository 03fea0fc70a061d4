import { join } from 'node:path';
import { busMigrations } from '@medshare/bus/postgres-log.driver';
import { grantUsers, migrate, refusedConnection } from '@medshare/database';
import { chainMigrations } from '@medshare/ledger/embedded';
import { outboxMigrations, payloadMigrations } from '@medshare/outbox';
import { problem } from '@medshare/problems';
import type { RoleName } from '@medshare/role/context';
import type { Config } from '../config.js';
import { migrationFolders } from '../roles.js';
import { ownerUrl, passwordOf, schemaNames, urlOf, userOf, type SchemaName } from './database-urls.js';
import { root } from './files.js';
import { grantsOf } from './schema-grants.js';

const foldersOf = (schema: SchemaName): string[] => {
  if (schema === 'transit') return [payloadMigrations, join(root, 'libs/transit/prisma/migrations')];
  if (schema === 'bus') return [busMigrations];
  if (schema === 'chain') return [chainMigrations];
  return [outboxMigrations, join(root, migrationFolders[schema])];
};

/** Schemas that a process with these roles needs: the bus's and the chain's come up with their drivers. */
const neededBy = (roles: readonly RoleName[]): SchemaName[] => ['transit', ...roles];

/**
 * Before a start. Where everything belongs to one user, brings the schemas of the configured roles, and those they share, to this release.
 * Where each schema has a user of its own, only looks whether that has been done: those users may not change schemas.
 *
 * @returns the migrations applied
 */
export async function migrateAll(config: Pick<Config, 'database' | 'roles'>): Promise<string[]> {
  const applied: string[] = [];
  for (const schema of neededBy(config.roles))
    applied.push(...(await migrateSchema(urlOf(config, schema), schema, keyOf(config))));
  return applied;
}

/**
 * `medshare migrate`: brings every schema to this release as their owner, whatever roles the configuration runs, then makes the users of
 * the schemas, where there are to be any, and gives them their rights.
 *
 * @returns the migrations applied
 */
export async function migrateAsOwner(config: Pick<Config, 'database'>): Promise<string[]> {
  const url = ownerUrl(config);
  const applied: string[] = [];
  for (const schema of schemaNames) applied.push(...(await migrateSchema(url, schema, 'database.url')));
  const { users } = config.database;
  if (users)
    await grantUsers(
      url,
      schemaNames.map((schema) => ({
        user: userOf(users, schema),
        password: passwordOf(users, schema),
        grants: grantsOf(schema),
      })),
    );
  return applied;
}

const keyOf = ({ database: { users } }: Pick<Config, 'database'>) => (users ? 'database.users' : 'database.url');

/** The first connection of a start: what never will succeed is told by the setting that is wrong. */
async function migrateSchema(url: string, schema: SchemaName, key: string): Promise<string[]> {
  try {
    return await migrate(url, schema, foldersOf(schema));
  } catch (caught) {
    const detail = refusedConnection(caught);
    if (detail === undefined) throw caught;
    throw problem('config.invalid', { where: key, detail: `schema ${schema}: ${detail}`, cause: caught });
  }
}
