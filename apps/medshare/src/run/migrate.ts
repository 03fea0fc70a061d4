import { join } from 'node:path';
import { migrate } from '@medshare/database';
import { outboxMigrations, payloadMigrations } from '@medshare/outbox';
import type { Config } from '../config.js';
import { migrationFolders } from '../roles.js';
import { root } from './files.js';

/** Brings the schemas of the configured roles, and those they share, to this release. @returns the migrations applied */
export async function migrateAll({ database, roles }: Pick<Config, 'database' | 'roles'>): Promise<string[]> {
  const applied = await migrate(database.url, 'transit', [
    payloadMigrations,
    join(root, 'libs/transit/prisma/migrations'),
  ]);
  for (const role of roles) {
    applied.push(...(await migrate(database.url, role, [outboxMigrations, join(root, migrationFolders[role])])));
  }
  return applied;
}
