import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandom } from '@medshare/clock';
import { MllpClient, type MllpTls } from '@medshare/mllp';
import { createAuthority, issueCertificate } from '@medshare/peers';
import type { Logger } from '@medshare/telemetry';
import { eventually, freshDatabase, ManualClock, tempDir, type FreshDatabase } from '@medshare/testkit';
import { assembleIngest } from '../assemble-ingest.js';
import { CountingMetrics, openContext, settings, type IngestContext } from '../fixture/ingest.fixture.js';
import { admission, codeOf } from '../fixture/mllp-client.fixture.js';
import { ReplyListener } from '../fixture/reply-listener.fixture.js';
import type { IngestSettings } from '../ingest.config.js';
import { MllpServer } from './mllp-server.js';

const today = new ManualClock(new Date().toISOString());
const lastYear = new ManualClock(new Date(Date.now() - 400 * 86_400_000).toISOString());
const authorityOf = (clock: ManualClock, institution = 'senders') =>
  createAuthority({ institution, validDays: 1_000, clock, random: systemRandom });

type Certificate = Awaited<ReturnType<typeof issueCertificate>>;
let fresh: FreshDatabase;
let context: IngestContext;
let closeContext: () => Promise<void>;
let folder: Awaited<ReturnType<typeof tempDir>>;
let lab: Certificate;
let ward: Certificate;
let expired: Certificate;
let stranger: Certificate;
let own: Certificate;
const logged: Record<string, unknown>[] = [];
const logger = new Proxy({} as Logger, {
  get: () => (fields: Record<string, unknown>, text: string) => void logged.push({ ...fields, text }),
});
const at = (name: string) => join(folder.path, name);
const servers: MllpServer[] = [];

const issue = async (clock: ManualClock, role: string, validDays = 30): Promise<Certificate> =>
  issueCertificate(await authorityOf(clock), { role, hosts: [`${role}.example`], validDays });

beforeAll(async () => {
  fresh = await freshDatabase();
  ({ context, close: closeContext } = await openContext(fresh.url));
  folder = await tempDir();
  const senders = await authorityOf(lastYear);
  const now = { ...senders, clock: today };
  const certified = (authority: typeof senders, role: string, validDays: number) =>
    issueCertificate(authority, { role, hosts: [`${role}.example`], validDays });
  [lab, ward, expired] = await Promise.all([
    certified(now, 'lab', 30),
    certified(now, 'ward', 30),
    certified(senders, 'old', 30),
  ]);
  stranger = await issue(today, 'stranger');
  await writeFile(at('senders.pem'), senders.ca);
  own = await renewOwn();
}, 120_000);
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(async () => {
  await closeContext();
  await fresh.drop();
  await folder.remove();
});

async function renewOwn(): Promise<Certificate> {
  const made = await issueCertificate(await authorityOf(today, 'harbor'), {
    role: 'mllp',
    hosts: ['127.0.0.1', 'localhost'],
    validDays: 30,
  });
  await writeFile(at('own.pem'), made.cert);
  await writeFile(at('own-key.pem'), made.key, { mode: 0o600 });
  return made;
}

async function serve(clientCertificates: 'required' | 'optional', feeds?: IngestSettings['mllp']['feeds']) {
  const tls = { key: at('own-key.pem'), cert: at('own.pem'), clientAuthorities: at('senders.pem'), clientCertificates };
  const config = settings();
  const mllp = { ...config.mllp, tls, ...(feeds && { feeds }) };
  const metrics = new CountingMetrics();
  const ingest = assembleIngest(context, { ...config, mllp }, metrics);
  const server = new MllpServer(mllp, ingest, { metrics, logger, random: context.random });
  await server.listen();
  servers.push(server);
  return { server, metrics };
}

const dial = (server: MllpServer, shown?: Certificate, tls: MllpTls = {}) =>
  MllpClient.open({
    host: '127.0.0.1',
    port: server.port,
    tls: { ca: own.ca, ...(shown && { cert: shown.cert, key: shown.key }), ...tls },
  });
const ask = async (server: MllpServer, message: string, shown?: Certificate) => {
  const client = await dial(server, shown);
  try {
    return Buffer.from(await client.send(Buffer.from(message))).toString();
  } finally {
    client.close();
  }
};
const refusals = () => logged.filter(({ text }) => text === 'a sender was refused for its certificate');

describe('MLLP over mutual TLS', () => {
  it('takes messages of senders with a certificate', async () => {
    const { server, metrics } = await serve('required');
    expect(codeOf(await ask(server, admission('T-1'), lab))).toBe('AA');
    expect(metrics.counts['certificate expires']).toBeGreaterThan(Date.now() / 1000);
  });

  it.each([
    ['no certificate', () => undefined, 'no certificate', undefined],
    ['an expired one', () => expired, 'CERT_HAS_EXPIRED', 'old.senders'],
    ['one of a stranger', () => stranger, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'stranger.senders'],
  ])('refuses %s and names it', async (_, shown, where, name) => {
    const { server } = await serve('required');
    const before = refusals().length;
    await expect(ask(server, admission('T-2'), shown())).rejects.toMatchObject({ code: 'peer.unavailable' });
    await eventually(() => refusals().length > before);
    const said = refusals().at(-1)!;
    expect(said).toMatchObject({ code: 'peer.untrusted', where, address: expect.stringContaining('127.0.0.1') });
    if (name) expect(said['peer']).toMatch(new RegExp(`^${name} \\(serial [0-9A-F]+\\)$`));
  });

  it('refuses what speaks no TLS, and goes on', async () => {
    const { server } = await serve('required');
    const plain = await MllpClient.open({ host: '127.0.0.1', port: server.port });
    await expect(plain.send(Buffer.from(admission('T-3')))).rejects.toMatchObject({ code: 'peer.unavailable' });
    expect(codeOf(await ask(server, admission('T-4'), lab))).toBe('AA');
  });

  it('is left by a sender that does not trust its certificate', async () => {
    const { server } = await serve('required');
    await expect(dial(server, lab, { ca: stranger.ca })).rejects.toMatchObject({ code: 'peer.untrusted' });
    await expect(dial(server, lab, { serverName: 'elsewhere.example' })).rejects.toMatchObject({
      code: 'peer.untrusted',
    });
  });

  it('knows feeds by their certificates: common name, DNS name or fingerprint', async () => {
    const feed = (name: string, certificates?: string[]) =>
      ({ name, zone: 'UTC', onConflict: 'refuse', ...(certificates && { certificates }) }) as const;
    const named = await serve('required', [feed('lab', ['lab.senders']), feed('ward', ['ward.example'])]);
    const feedOf = async (id: string) => {
      const { rows } = await context.database.query<{ feed: string }>(
        'SELECT feed FROM message ORDER BY position DESC LIMIT 1',
      );
      return [id, rows[0]?.feed];
    };
    expect(codeOf(await ask(named.server, admission('T-5'), lab))).toBe('AA');
    expect(await feedOf('lab')).toEqual(['lab', 'lab']);
    expect(codeOf(await ask(named.server, admission('T-6'), ward))).toBe('AA');
    expect(await feedOf('ward')).toEqual(['ward', 'ward']);
    const print = new X509Certificate(ward.cert).fingerprint256.replaceAll(':', '').toLowerCase();
    const optional = await serve('optional', [feed('print', [`sha256:${print}`]), feed('open')]);
    await ask(optional.server, admission('T-7'), ward);
    expect(await feedOf('print')).toEqual(['print', 'print']);
    await ask(optional.server, admission('T-8'));
    expect(await feedOf('open')).toEqual(['open', 'open']);
    const only = await serve('optional', [feed('lab', ['lab.senders'])]);
    const refused = await ask(only.server, admission('T-9'), ward);
    expect([codeOf(refused), refused]).toEqual(['AR', expect.stringContaining('auth.forbidden')]);
    expect(codeOf(await ask(only.server, admission('T-10')))).toBe('AR');
  });

  it('takes a new certificate without a restart, and keeps the old one when the new cannot be used', async () => {
    const { server } = await serve('required');
    const old = own;
    own = await renewOwn();
    await expect(dial(server, lab)).rejects.toMatchObject({ code: 'peer.untrusted' });
    await server.renewCertificates();
    expect(codeOf(await ask(server, admission('T-11'), lab))).toBe('AA');
    await writeFile(at('own-key.pem'), old.key, { mode: 0o600 });
    await server.renewCertificates();
    expect(logged.at(-1)).toMatchObject({ code: 'config.invalid', where: at('own.pem') });
    expect(codeOf(await ask(server, admission('T-12'), lab))).toBe('AA');
    own = await renewOwn();
  });

  it('does not start with files that it cannot use, and names them', async () => {
    const tls = { key: at('none.pem'), cert: at('own.pem'), clientAuthorities: at('senders.pem') } as const;
    const server = new MllpServer(
      { ...settings().mllp, tls: { ...tls, clientCertificates: 'required' } },
      {} as never,
      {
        metrics: new CountingMetrics(),
        logger,
        random: context.random,
      },
    );
    await expect(server.listen()).rejects.toMatchObject({ code: 'config.invalid', where: at('none.pem') });
  });
});

describe('the reply address over TLS', () => {
  it('is called with our certificate and checked against its authorities', async () => {
    const listener = await ReplyListener.open({
      key: own.key,
      cert: own.cert,
      ca: await readFile(at('senders.pem')),
      requestCert: true,
    });
    await writeFile(at('listener-ca.pem'), own.ca);
    await writeFile(at('lab.pem'), lab.cert);
    await writeFile(at('lab-key.pem'), lab.key, { mode: 0o600 });
    const tls = { authorities: at('listener-ca.pem'), cert: at('lab.pem'), key: at('lab-key.pem') };
    const applicationAck = { host: '127.0.0.1', port: listener.port, acceptAck: true, tls };
    const ingest = assembleIngest(context, settings({ applicationAck }), new CountingMetrics());
    const message = admission('R-1').replace('|2.5.1||||||', '|2.5.1|||NE|AL||');
    await ingest.receiveHl7v2.receive(Buffer.from(message), { via: 'http' });
    await context.database.query(
      `UPDATE reply SET state = 'due', code = 'AA', settled_at = now(), next_at = now(), give_up_at = now() + interval '1 h'`,
    );
    await ingest.deliverReplies.deliverDue();
    expect(listener.heard.map(codeOf)).toEqual(['AA']);
    const { rows } = await context.database.query<{ state: string }>('SELECT state FROM reply');
    expect(rows).toEqual([{ state: 'delivered' }]);
    listener.close();
  });
});
