import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { problem } from '@medshare/problems';
import { loadConfig, type Config } from '../config.js';
import { realmOf } from '../config/identity.js';
import { applyAndVerify, applyRealm } from '../realm/apply-realm.js';
import { describeRealm } from '../realm/describe-realm.js';
import type { Difference } from '../realm/differences.js';
import { KeycloakAdmin, type AdminLogin } from '../realm/keycloak-admin.js';
import { realmFile } from '../realm/realm-file.js';
import { authoritiesOf } from '../run/setting-files.js';
import { configOption } from './config.command.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options {
  config: string;
  server?: string;
  adminRealm: string;
  adminClient?: string;
  adminUser?: string;
  secretFile?: string;
  dryRun?: boolean;
}

export function addRealm(program: Command, run: Run): void {
  const group = program
    .command('realm')
    .description('The realm of Keycloak that an institution’s people and programs sign in at.');
  addCommand(
    group,
    'print',
    'Print the realm as the configuration makes it: a file that Keycloak imports (start --import-realm). It holds no secret and no person.',
    ['medshare realm print --config /etc/medshare/harbor.yaml > harbor-realm.json'],
  )
    .requiredOption(...configOption)
    .action((options: Options, self: Command) => run(self, (within) => print(options, within)));
  addCommand(
    group,
    'apply',
    'Make the realm at Keycloak what `realm print` says, and say what differed. Safe to repeat. Other clients, roles, people and keys of the realm are ' +
      'left alone. The secret or password is read from --secret-file or MEDSHARE_CLI_SECRET.',
    [
      'medshare realm apply --config harbor.yaml --admin-client realm-admin --secret-file admin-secret --dry-run',
      'medshare realm apply --config harbor.yaml --admin-client realm-admin --secret-file admin-secret --json',
      'MEDSHARE_CLI_SECRET=… medshare realm apply --config harbor.yaml --admin-user admin',
    ],
  )
    .requiredOption(...configOption)
    .option('--dry-run', 'only say what would change; exit code 1 if anything would')
    .option('--server <url>', 'Keycloak’s address (default: what precedes /realms/ in identity.issuer)')
    .option('--admin-realm <name>', 'where the administrator signs in', 'master')
    .option('--admin-client <id>', 'a service account that may manage the realm')
    .option('--admin-user <name>', 'or a person, by name and password')
    .option('--secret-file <file>', 'its secret or password')
    .action((options: Options, self: Command) => run(self, (within) => apply(options, within)));
}

function realmConfig(file: string, env: Surroundings['env']): Config {
  const config = loadConfig(file, env);
  if (!realmOf(config.identity.issuer))
    throw problem('config.invalid', { where: 'identity.issuer', detail: 'must end in /realms/ and a name' });
  if (config.identity.embedded)
    throw problem('config.invalid', {
      where: 'identity.embedded',
      detail: 'the provider in this process has no realm',
    });
  return config;
}

function print({ config: file }: Options, { env }: Surroundings): Promise<Outcome> {
  const document = realmFile(describeRealm(realmConfig(file, env)));
  return Promise.resolve({ document, text: JSON.stringify(document, null, 2) });
}

async function apply(options: Options, { env }: Surroundings): Promise<Outcome> {
  const config = realmConfig(options.config, env);
  const realm = describeRealm(config);
  const dry = options.dryRun === true;
  const admin = await KeycloakAdmin.signIn({
    baseUrl: options.server?.replace(/\/$/, '') ?? realmOf(config.identity.issuer)?.baseUrl ?? '',
    authorities: authoritiesOf(config.identity),
    login: await loginOf(options, env),
  });
  const found = dry ? await applyRealm(admin, realm, { dry }) : await applyAndVerify(admin, realm);
  return {
    document: { realm: realm.realm, dryRun: dry, differences: found },
    text: textOf(realm.realm, dry, found),
    refused: dry && found.length > 0,
  };
}

async function loginOf(options: Options, env: Surroundings['env']): Promise<AdminLogin> {
  const { adminRealm: realm, adminClient: clientId, adminUser: username, secretFile } = options;
  if ((clientId === undefined) === (username === undefined)) throw new UsageError('say --admin-client or --admin-user');
  const secret = secretFile === undefined ? env['MEDSHARE_CLI_SECRET'] : await textOfFile(secretFile);
  if (secret === undefined) throw new UsageError('say --secret-file, or set MEDSHARE_CLI_SECRET');
  return clientId === undefined ? { realm, username: username ?? '', password: secret } : { realm, clientId, secret };
}

const textOfFile = (file: string): Promise<string> =>
  readFile(file, 'utf8').then(
    (text) => text.trimEnd(),
    () => {
      throw problem('config.invalid', { where: file, detail: 'the file cannot be read' });
    },
  );

function textOf(realm: string, dry: boolean, found: readonly Difference[]): string {
  if (found.length === 0) return `Realm ${realm} is as it should be.`;
  const lines = found.map(({ where, is, should }) => `  ${where}: ${shown(is)} → ${shown(should)}`);
  return [`Realm ${realm}: ${dry ? 'would change' : 'changed, and verified'}:`, ...lines].join('\n');
}

const shown = (value: unknown): string => (value === undefined ? '(none)' : JSON.stringify(value));
