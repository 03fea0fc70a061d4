import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCopies, type Blobs } from '@medshare/blobs';
import { openIpfsFiles } from '@medshare/blobs/ipfs-files.driver';
import { openKubo } from '@medshare/blobs/kubo.driver';
import { openS3 } from '@medshare/blobs/s3.driver';
import { reachProvider } from '@medshare/identity';
import type { Problem } from '@medshare/problems';
import { freePortBase } from '../harness/demo.js';
import { startExpired } from './expired-server.js';
import { refusedStart } from './refused-start.js';
import { stateFolder } from './running-stack.js';
import { kubo, kuboUser } from './servers/kubo.js';
import { bucketOf, s3, s3Endpoint, s3Secret } from './servers/s3.js';
import { defaultCache } from './places.js';
import { smallDisk } from './small-disk.js';
import { openStack } from './stack.js';
import { Supervisor } from './supervise.js';

const refusalOf = (work: Promise<unknown>): Promise<Problem> =>
  work.then(
    () => {
      throw new Error('it was not refused');
    },
    (found: unknown) => found as Problem,
  );

describe('a certificate that has expired', () => {
  let server: Awaited<ReturnType<typeof startExpired>>;
  let authorities: string;
  beforeAll(async () => {
    server = await startExpired();
    authorities = join(stateFolder(), 'expired-authority.pem');
    await writeFile(authorities, server.authority);
  });
  afterAll(() => server.close());

  it.each<[string, string, string, () => Record<string, Record<string, unknown> | string>]>([
    ['PostgreSQL', 'vault', 'database.users', () => ({ database: { url: databaseUrl() } })],
    ['the S3 server', 'vault', 's3.authorities', () => ({ blobs: 's3://medshare-harbor/sealed/', s3: bucket() })],
  ])(
    'of %s is refused at the start of the %s in one line that names %s',
    async (_, role, setting, sections) => {
      const said = await refusedStart(role, (config) => {
        for (const [name, changed] of Object.entries(sections()))
          config[name] = typeof changed === 'string' ? (changed as never) : { ...config[name], ...changed };
      });
      expect(said.split('\n')).toHaveLength(1);
      expect(said).toContain(`${setting}: `);
      expect(said).toContain('CERT_HAS_EXPIRED');
    },
    300_000,
  );

  it('of Keycloak is refused whenever keys are needed, with the setting to look at', async () => {
    const issuer = `https://127.0.0.1:${server.port}/realms/harbor`;
    expect(await refusalOf(reachProvider({ issuer, authorities: server.authority }))).toMatchObject({
      code: 'peer.unavailable',
      detail: expect.stringMatching(/identity\.authorities does not vouch .*CERT_HAS_EXPIRED/) as string,
    });
  });

  const databaseUrl = () =>
    `postgresql://harbor@127.0.0.1:${server.postgresPort}/medshare_harbor?sslmode=verify-full&sslrootcert=${encodeURIComponent(authorities)}`;
  const bucket = () => ({
    endpoint: `https://127.0.0.1:${server.port}`,
    authorities,
    accessKeyId: 'harbor',
    secretAccessKeyFile: join(stateFolder(), 'secrets', s3Secret('harbor')),
  });
});

describe('a store of blobs that is full', () => {
  let disk: Awaited<ReturnType<typeof smallDisk>>;
  let closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => void (disk = await smallDisk(48)));
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
    await disk.close();
  });

  /** A server of the stack with everything that it keeps on the small disk. */
  async function started(which: 'kubo' | 's3') {
    const stack = openStack({ state: disk.path, cache: defaultCache(process.env), basePort: await freePortBase() });
    const supervisor = new Supervisor(disk.path);
    const server = which === 'kubo' ? kubo(stack, 1) : s3(stack);
    await stack.certificates.of('stack');
    closing.push(() => supervisor.stop(server));
    await supervisor.start(server);
    return stack;
  }

  const stores: Record<string, () => Promise<Blobs>> = {
    files: () => openIpfsFiles({ path: join(disk.path, 'blobs') }),
    async kubo() {
      const stack = await started('kubo');
      const password = await stack.secrets.get(kuboUser.secret);
      const authorization = `Basic ${Buffer.from(`${kuboUser.user}:${password}`).toString('base64')}`;
      return openKubo({ nodes: [`http://127.0.0.1:${stack.ports.kubo(1).api}`], authorization });
    },
    async s3() {
      const stack = await started('s3');
      const secretAccessKey = await stack.secrets.get(s3Secret('harbor'));
      return openS3({
        bucket: bucketOf('harbor'),
        region: 'us-east-1',
        endpoint: s3Endpoint(stack),
        ca: await readFile(stack.certificates.authorityFile, 'utf8'),
        credentials: () => Promise.resolve({ accessKeyId: 'harbor', secretAccessKey }),
      });
    },
  };

  it.each(Object.keys(stores))(
    'says so in one line that names the setting, keeps nothing by halves, and goes on when there is room: %s',
    async (name) => {
      const blobs = await stores[name]!();
      const small = Buffer.from('what fits');
      const kept = await blobs.put(small);
      const big = randomBytes(64 * 1024 * 1024);
      const { code, where, detail } = await refusalOf(blobs.put(big));
      expect({ code, where, detail }).toEqual({
        code: 'storage.unavailable',
        where: 'blobs',
        detail: expect.stringContaining('the store is full') as string,
      });
      expect(await readCopies(blobs, kept.cid)).toMatchObject({ whole: 1, content: small });
      const listed: string[] = [];
      for await (const cid of blobs.list()) listed.push(cid);
      expect(listed).toEqual([kept.cid]);
      await sleep(1_000);
      const later = await blobs.put(Buffer.from('what fits later'));
      expect(await blobs.has(later.cid)).toBe(true);
    },
    300_000,
  );
});
