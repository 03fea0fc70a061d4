import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { whyNot200 } from '../get.js';
import { folderOf, tool } from '../install.js';
import { buildModule } from '../packages/go.js';
import type { Launch, Package, StackServer } from '../server.js';
import { institutions, type Stack } from '../stack.js';

const s3Package: Package = {
  name: 'versitygw',
  version: '1.8.0',
  install: (folder) =>
    buildModule(`github.com/versity/versitygw@v${s3Package.version}`, './cmd/versitygw', join(folder, 'versitygw')),
};

const root = 'medshare';
const folder = ({ places }: Stack): string => join(places.state, 's3');
const program = ({ places }: Stack): string => join(folderOf(places.cache, s3Package), 'versitygw');

export const s3Endpoint = ({ ports }: Stack): string => `https://127.0.0.1:${ports.s3}`;
export const bucketOf = (institution: string): string => `medshare-${institution}`;
/** Secret access key of a user; the access key is its name. */
export const s3Secret = (user: string): string => `s3-${user}`;

/** An S3 server over a folder: a bucket with versions and object lock for each institution, and a user who owns it and sees no other. */
export function s3(stack: Stack): StackServer {
  return {
    name: 's3',
    version: s3Package.version,
    package: s3Package,
    after: [],
    ports: { s3: stack.ports.s3 },
    patience: 60_000,
    prepare: () => prepare(stack),
    async whyNot() {
      const ca = await readFile(stack.certificates.authorityFile, 'utf8').catch(() => '');
      return whyNot200(`${s3Endpoint(stack)}/health`, ca);
    },
    furnish: () => makeBuckets(stack),
  };
}

async function prepare(stack: Stack): Promise<Launch> {
  const { key, cert } = await stack.certificates.of('s3');
  const [data, versions, users] = ['data', 'versions', 'users'].map((name) => join(folder(stack), name)) as [
    string,
    string,
    string,
  ];
  for (const each of [data, versions, users]) await mkdir(each, { recursive: true, mode: 0o700 });
  return {
    command: program(stack),
    args: [
      ...['--port', `127.0.0.1:${stack.ports.s3}`, '--cert', cert, '--key', key],
      ...['--iam-dir', users, '--health', '/health', '--quiet'],
      ...['posix', '--versioning-dir', versions, data],
    ],
    env: { ROOT_ACCESS_KEY: root, ROOT_SECRET_KEY: await stack.secrets.get(s3Secret(root)) },
  };
}

async function makeBuckets(stack: Stack): Promise<void> {
  const done = join(folder(stack), 'furnished');
  if (await stat(done).catch(() => undefined)) return;
  const env = {
    ADMIN_ACCESS_KEY: root,
    ADMIN_SECRET_KEY: await stack.secrets.get(s3Secret(root)),
    ADMIN_ENDPOINT_URL: s3Endpoint(stack),
    SSL_CERT_FILE: stack.certificates.authorityFile,
  };
  const admin = (...args: string[]) => tool(program(stack), ['admin', ...args], { env });
  for (const institution of institutions) {
    const secret = await stack.secrets.get(s3Secret(institution));
    // the tool takes a user's secret by argument only: whoever lists processes at this moment sees it
    await admin('create-user', '--access', institution, '--secret', secret, '--role', 'user');
    await admin(
      'create-bucket',
      '--owner',
      institution,
      '--bucket',
      bucketOf(institution),
      '--object-lock-enabled-for-bucket',
    );
  }
  await writeFile(done, '');
}
