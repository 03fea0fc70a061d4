import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { parse, stringify } from 'yaml';
import { loadConfig } from '@medshare/app/config';
import { demoInstitutions } from '@medshare/app/found/demo';
import { migrateBus } from '@medshare/app/drivers';
import { configFile, foundDemo, institutionFolder, isFounded } from '@medshare/app/found/found-demo';
import { schemaNames } from '@medshare/app/run/database-urls';
import { migrateAsOwner } from '@medshare/app/run/migrate';
import { systemRandom } from '@medshare/clock';
import { ensureDatabase } from '@medshare/database/embedded/ensure-database';
import { furnishRealm } from './furnish-realm.js';
import { writePrivate } from './secrets.js';
import { issuerOf, keycloakAdministrator } from './servers/keycloak-realm.js';
import { brokersOf, kafkaSecret } from './servers/kafka.js';
import { kuboNodes, kuboUser } from './servers/kubo.js';
import { postgresAdminUrl, postgresUrl } from './servers/postgres.js';
import { bucketOf, s3Endpoint, s3Secret } from './servers/s3.js';
import type { Stack } from './stack.js';

/** Folder of the three institutions: what `medshare up --demo --data` is given to run them against the stack. */
export const institutionsFolder = (state: string): string => join(state, 'institutions');

/**
 * Founds the demo's institutions, and turns each one's configuration to the stack's servers: the same file as the embedded demo's but for
 * what names a driver. Then does what an operator does before the first start: databases, their users, migrations. Idempotent.
 */
export async function foundInstitutions(
  stack: Stack,
  servers: ReadonlySet<string>,
  say: (line: string) => void,
): Promise<void> {
  const data = institutionsFolder(stack.places.state);
  if (!isFounded(data)) await foundDemo(data, stack.places.basePort, 'intl', (step) => say(`institutions: ${step}`));
  for (const { id } of demoInstitutions) {
    const database = await makeDatabase(stack, data, id);
    await turnConfig(configFile(data, id), {
      database,
      telemetry: telemetryOf(stack),
      // turned once they are there, and never back: what is sealed and what waits for its consumers stays where it is
      ...(servers.has('kubo-1') && servers.has('s3') && blobsOf(stack, id)),
      ...(servers.has('kafka-1') && busOf(stack, id)),
      ...(servers.has('keycloak') && { identity: identityOf(stack, id) }),
    });
    const config = loadConfig(configFile(data, id), {});
    const applied = [...(await migrateAsOwner(config)), ...(await migrateBus(config))];
    if (applied.length > 0) say(`${id}: ${applied.length} migrations applied`);
  }
  if (!servers.has('keycloak')) return;
  const admin = await keycloakAdministrator(stack);
  for (const { id } of demoInstitutions) await furnishRealm(admin, loadConfig(configFile(data, id), {}), data);
}

const identityOf = (stack: Stack, id: string): object => ({
  driver: 'keycloak',
  issuer: issuerOf(stack, id),
  authorities: stack.certificates.authorityFile,
});

const telemetryOf = ({ ports }: Stack) => ({ endpoint: `http://127.0.0.1:${ports.collector.otlp}/v1/traces` });

/** Each institution signs in as itself, and may touch nothing but its own topics. */
const busOf = (stack: Stack, id: string): object => ({
  bus: `kafka://${brokersOf(stack).join(',')}`,
  kafka: {
    tls: { authorities: stack.certificates.authorityFile },
    sasl: { mechanism: 'scram-sha-512', username: id, passwordFile: stack.secrets.path(kafkaSecret(id)) },
  },
});

/** The nodes serve one institution, so the others have buckets: the flow sees both. */
function blobsOf(stack: Stack, id: string): object {
  const { secrets, certificates, ports } = stack;
  if (id === demoInstitutions[0]?.id) {
    const nodes = kuboNodes.map((node) => `http://127.0.0.1:${ports.kubo(node).api}`);
    return { blobs: 'ipfs:', ipfs: { nodes, user: kuboUser.user, passwordFile: secrets.path(kuboUser.secret) } };
  }
  const access = { accessKeyId: id, secretAccessKeyFile: secrets.path(s3Secret(id)) };
  return {
    blobs: `s3://${bucketOf(id)}/sealed/`,
    s3: { endpoint: s3Endpoint(stack), authorities: certificates.authorityFile, ...access },
  };
}

/** A database with an owner that may make users, and a password for each of those. @returns the section of the configuration */
async function makeDatabase(stack: Stack, data: string, id: string): Promise<object> {
  const [name, secret] = [`medshare_${id}`, `postgres-${id}`];
  const adminUrl = await postgresAdminUrl(stack);
  await ensureDatabase(adminUrl, { name, user: id, password: await stack.secrets.get(secret) });
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`ALTER ROLE ${id} CREATEROLE`).finally(() => admin.end());
  const passwords = join(institutionFolder(data, id), 'keys', 'database');
  await mkdir(passwords, { recursive: true, mode: 0o700 });
  for (const schema of schemaNames) await makePassword(join(passwords, schema));
  return {
    url: postgresUrl(stack, id, '', name),
    passwordFile: stack.secrets.path(secret),
    users: { prefix: `${id}_`, passwords: 'keys/database' },
  };
}

async function makePassword(file: string): Promise<void> {
  if (await stat(file).catch(() => undefined)) return;
  await writePrivate(file, Buffer.from(systemRandom.bytes(24)).toString('base64url'));
}

async function turnConfig(file: string, sections: Readonly<Record<string, unknown>>): Promise<void> {
  const config = parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const head = '# A deployment of its own against the stack. `medshare config docs` explains every key.\n';
  await writeFile(file, `${head}${stringify({ ...config, ...sections })}`);
}
