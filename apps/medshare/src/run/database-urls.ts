import { join } from 'node:path';
import { roleNames } from '@medshare/role/context';
import type { Config } from '../config.js';
import { secretOf } from './setting-files.js';

/** Schemas of an institution's database: one a role, and what its roles share. */
export const schemaNames = ['transit', 'bus', 'chain', ...roleNames] as const;
export type SchemaName = (typeof schemaNames)[number];

type Database = Pick<Config, 'database'>;

/** Where the owner of the schemas connects; everybody, where the roles have no users of their own. */
export function ownerUrl({ database: { url, passwordFile } }: Database): string {
  if (passwordFile === undefined) return url;
  return withPassword(url, new URL(url).username, passwordFile, 'database.passwordFile');
}

/** Where the user of a schema connects. */
export function urlOf(config: Database, schema: SchemaName): string {
  const { url, users } = config.database;
  if (!users) return ownerUrl(config);
  return withPassword(url, userOf(users, schema), join(users.passwords, schema), 'database.users.passwords');
}

type Users = NonNullable<Config['database']['users']>;
export const userOf = ({ prefix }: Users, schema: SchemaName): string => `${prefix}${schema}`;

export const passwordOf = ({ passwords }: Users, schema: SchemaName): string =>
  secretOf('database.users.passwords', join(passwords, schema));

function withPassword(text: string, user: string, file: string, key: string): string {
  const url = new URL(text);
  url.username = user;
  url.password = encodeURIComponent(secretOf(key, file));
  return url.href;
}
