import { chmodSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@medshare/testkit';
import type { Config } from '../config.js';
import { ownerUrl, passwordOf, urlOf } from './database-urls.js';

describe('passwords of the database', () => {
  let folder: Awaited<ReturnType<typeof tempDir>>;
  beforeAll(async () => {
    folder = await tempDir();
    await mkdir(join(folder.path, 'users'));
    writeFileSync(join(folder.path, 'owner'), 'o:w@ner\n', { mode: 0o600 });
    writeFileSync(join(folder.path, 'users', 'vault'), 'vau/lt', { mode: 0o440 });
  });
  afterAll(() => folder.remove());

  const config = (): Pick<Config, 'database'> => ({
    database: {
      url: 'postgresql://owner@db:5432/harbor?sslmode=verify-full',
      passwordFile: join(folder.path, 'owner'),
      users: { prefix: 'harbor_', passwords: join(folder.path, 'users') },
    } as Config['database'],
  });

  it('are put into the address of the owner, and of each role’s user', () => {
    expect(ownerUrl(config())).toBe('postgresql://owner:o%3Aw%40ner@db:5432/harbor?sslmode=verify-full');
    expect(urlOf(config(), 'vault')).toBe('postgresql://harbor_vault:vau%2Flt@db:5432/harbor?sslmode=verify-full');
    expect(passwordOf(config().database.users!, 'vault')).toBe('vau/lt');
  });

  it('that others may use, that are empty or not there are refused by the setting', () => {
    const refused = (work: () => unknown, where: string) =>
      expect(work).toThrow(expect.objectContaining({ code: 'config.invalid', where }));
    chmodSync(join(folder.path, 'owner'), 0o644);
    refused(() => ownerUrl(config()), 'database.passwordFile');
    chmodSync(join(folder.path, 'owner'), 0o600);
    chmodSync(join(folder.path, 'users', 'vault'), 0o660);
    refused(() => urlOf(config(), 'vault'), 'database.users.passwords');
    refused(() => urlOf(config(), 'reader'), 'database.users.passwords');
    writeFileSync(join(folder.path, 'users', 'audit'), '\n', { mode: 0o600 });
    refused(() => urlOf(config(), 'audit'), 'database.users.passwords');
  });
});
