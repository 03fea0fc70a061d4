import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createServer as createTls, connect } from 'node:tls';
import type { AddressInfo, Socket } from 'node:net';
import type { RequestListener } from 'node:http';
import type { Server } from 'node:https';
import { z } from 'zod';
import { systemRandom as random, type Clock } from '@medshare/clock';
import { definePeerRoute } from '@medshare/events/route';
import { createAuthority, issueCertificate, type Authority } from './authority.js';
import { verifyPeer } from './certificate.js';
import type { Authorities, Credentials } from './peer.js';
import { Peers, type PeerUrls } from './peers.js';
import { createPeerServer, peerOf, selfOf } from './server.js';
import { X509Certificate } from 'node:crypto';

const day = 86_400_000;
const clockAt = (offset = 0): Clock => ({ now: () => Date.now() + offset });
const authorityOf = (institution: string, clock = clockAt()) =>
  createAuthority({ institution, validDays: 2, clock, random });
const node = { role: 'node', hosts: ['localhost', '127.0.0.1'], validDays: 1 };

const echo = definePeerRoute({
  name: 'test.echo',
  path: '/peer/test/echo',
  audience: 'region',
  idempotent: true,
  request: z.strictObject({ text: z.string() }),
  response: z.strictObject({ text: z.string() }),
  maxBytes: 2048,
  maxResponseBytes: 1024,
});

let harbor: Authority, lakeside: Authority, stranger: Authority;
let members: Authorities;
let server: Server | undefined;
const opened: Peers[] = [];
const closing: (() => void)[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  [harbor, lakeside, stranger] = await Promise.all([
    authorityOf('harbor'),
    authorityOf('lakeside'),
    authorityOf('lakeside'),
  ]);
  members = new Map([
    ['harbor', harbor.ca],
    ['lakeside', lakeside.ca],
  ]);
});
afterEach(async () => {
  // first of all, so that a failed expectation leaves nothing open
  closing.splice(0).forEach((close) => close());
  sockets.splice(0).forEach((socket) => socket.destroy());
  await Promise.all(opened.splice(0).map((peers) => peers.close()));
  server?.closeAllConnections();
  server?.close();
});

const listening = async <
  S extends { listen(port: number, host: string, done: () => void): unknown; address(): unknown },
>(
  it: S,
) => {
  await new Promise<void>((resolve) => it.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(it.address() as AddressInfo).port}`;
};
async function serve(handler: RequestListener, credentials?: Credentials, clock = clockAt()): Promise<string> {
  const { key, cert } = credentials ?? (await issueCertificate(harbor, node));
  server = createPeerServer({ key, cert, trustedAuthorities: members, handler, clock });
  return listening(server);
}
function client(url: PeerUrls, { key, cert }: Credentials, timeoutMs = 3000, authorities = members): Peers {
  const peers = new Peers({
    self: 'lakeside',
    key,
    cert,
    authorities,
    urls: new Map([['harbor', url]]),
    timeoutMs,
    random,
  });
  opened.push(peers);
  return peers;
}
const lakesideClient = async (url: PeerUrls, timeoutMs?: number) =>
  client(url, await issueCertificate(lakeside, { ...node, role: 'access' }), timeoutMs);
const json =
  (body: unknown, status = 200, type = 'application/json'): RequestListener =>
  (req, res) =>
    req.resume().on('end', () => res.writeHead(status, { 'content-type': type }).end(JSON.stringify(body)));

describe('key and certificate of a process', () => {
  it('are refused by the setting that is wrong, for who calls and for who is called', async () => {
    const [own, other] = [await issueCertificate(harbor, node), await issueCertificate(harbor, node)];
    const garbled = '-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n';
    for (const [credentials, where] of [
      [{ ...own, key: other.key }, 'peers.key'],
      [{ ...own, key: own.cert }, 'peers.key'],
      [{ ...own, cert: garbled }, 'peers.cert'],
      [{ ...own, cert: '' }, 'peers.cert'],
    ] as const) {
      expect(() => client('https://127.0.0.1:1', credentials)).toThrow(
        expect.objectContaining({ code: 'config.invalid', where }),
      );
      await expect(serve(jest.fn(), credentials)).rejects.toMatchObject({ code: 'config.invalid', where });
    }
  });
});

describe('who is at the other end', () => {
  it('is read from the certificate on both sides, never from a header', async () => {
    const url = await serve((req, res) => {
      json({ text: `${peerOf(req).role}@${peerOf(req).institution} at ${selfOf(req)}` })(req, res);
    });
    const peers = await lakesideClient(url);
    await expect(peers.call(echo, 'harbor', { text: 'hi' })).resolves.toEqual({ text: 'access@lakeside at harbor' });
  });

  it('is refused with an unknown authority under a member name', async () => {
    const handler = jest.fn();
    const peers = client(await serve(handler), await issueCertificate(stranger, node));
    await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
      code: 'peer.untrusted',
      institution: 'harbor',
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it('is refused when a member mints a certificate of another member', async () => {
    const forged = await issueCertificate({ ...harbor, institution: 'lakeside' }, node);
    const handler = jest.fn();
    const url = await serve(handler);
    await expect(client(url, forged).call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
      code: 'peer.untrusted',
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it('is refused as a server that holds another member’s certificate, or one that names another member', async () => {
    for (const credentials of [
      await issueCertificate(lakeside, node),
      await issueCertificate({ ...lakeside, institution: 'harbor' }, node),
      await issueCertificate({ ...harbor, institution: 'lakeside' }, node),
    ]) {
      const handler = jest.fn();
      const tls = createTls({ ...credentials, requestCert: true, rejectUnauthorized: false }, handler);
      tls.on('connection', (socket: Socket) => sockets.push(socket));
      closing.push(() => tls.close());
      const peers = await lakesideClient(await listening(tls));
      await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
        code: 'peer.untrusted',
        institution: 'harbor',
      });
    }
  });

  it('is refused once a certificate has expired, on either side', async () => {
    const old = await issueCertificate(await reclocked(lakeside, -1.5 * day), node);
    await expect(client(await serve(json({})), old).call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
      code: 'peer.untrusted',
    });
    server?.close();
    const oldServer = await issueCertificate(await reclocked(harbor, -1.5 * day), node);
    const peers = await lakesideClient(await serve(json({}), oldServer));
    await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
      code: 'peer.untrusted',
      detail: 'CERT_HAS_EXPIRED',
    });
  });

  it('is refused when the certificate expires on an open connection', async () => {
    let offset = 0;
    const url = await serve(json({ text: '' }), undefined, { now: () => Date.now() + offset });
    const peers = await lakesideClient(url);
    await peers.call(echo, 'harbor', { text: '' });
    offset = 1.5 * day;
    await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject({ code: 'peer.untrusted' });
  });

  it('is asked at the address of the role that a path names, where roles have their own', async () => {
    const url = await serve(json({ text: 'here' }));
    const peers = await lakesideClient({ test: url, vault: 'https://127.0.0.1:1' });
    expect(await peers.call(echo, 'harbor', { text: 'x' })).toEqual({ text: 'here' });
    const elsewhere = await lakesideClient({ vault: url });
    await expect(elsewhere.call(echo, 'harbor', { text: 'x' })).rejects.toMatchObject({ code: 'peer.unavailable' });
  });

  it('is refused without a certificate', async () => {
    const url = new URL(await serve(json({})));
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false }, () =>
        socket.write(
          'POST /peer/test/echo HTTP/1.1\r\nhost: x\r\nx-forwarded-client-cert: O=lakeside\r\ncontent-length: 0\r\n\r\n',
        ),
      );
      socket.once('data', (data) => resolve(data.toString())).once('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1.1 403 [^]*peer\.untrusted/);
  });

  it('is spoken with in TLS 1.3 only, on both sides', async () => {
    const [asServer, asClient] = [await issueCertificate(harbor, node), await issueCertificate(lakeside, node)];
    const old = createTls({ key: asServer.key, cert: asServer.cert, maxVersion: 'TLSv1.2' });
    closing.push(() => old.close());
    const call = client(await listening(old), asClient).call(echo, 'harbor', { text: '' });
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/^peer\./) });
    const { port } = new URL(await serve(() => undefined));
    const socket = connect({
      port: Number(port),
      ...asClient,
      ca: harbor.ca,
      servername: 'localhost',
      maxVersion: 'TLSv1.2',
    });
    sockets.push(socket);
    const refused = new Promise((resolve) => socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code)));
    expect(await refused).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('is no authority itself, and no stranger', () => {
    const raw = new X509Certificate(harbor.ca).raw;
    expect(() => verifyPeer(raw, members, Date.now())).toThrow('an authority is no peer');
    expect(() => verifyPeer(raw, new Map(), Date.now())).toThrow('no member');
    expect(() => verifyPeer(Uint8Array.of(1, 2, 3), members, Date.now())).toThrow('cannot be read');
  });

  it('refuses authorities that stand under another name', async () => {
    const swapped = new Map([['harbor', lakeside.ca]]);
    const credentials = await issueCertificate(lakeside, node);
    expect(() => client('https://x', credentials, 100, swapped)).toThrow('config.invalid at authorities.harbor');
    const issued = await issueCertificate(harbor, node);
    expect(() => client('https://x', credentials, 100, new Map([['harbor', issued.cert]]))).toThrow('config.invalid');
  });

  it('never outlives its authority', async () => {
    const { cert } = await issueCertificate(harbor, { ...node, validDays: 400 });
    expect(new X509Certificate(cert).validTo).toBe(new X509Certificate(harbor.ca).validTo);
  });
});

describe('a call', () => {
  it('brings back the problem that the other side threw', async () => {
    const body = { code: 'access.expired', where: 'grant.period', detail: 'ended yesterday', status: 200 };
    const peers = await lakesideClient(await serve(json(body, 403, 'application/problem+json')));
    await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
      ...body,
      status: 403,
      institution: 'harbor',
    });
  });

  it.each<[string, RequestListener]>([
    ['an error that is no problem', json('<html>', 502, 'text/html')],
    ['an unknown code', json({ code: 'next.release' }, 409, 'application/problem+json')],
    ['an answer of another shape', json({ txt: 1 })],
    ['an answer with more than its schema', json({ text: '', more: 1 })],
    ['an answer that is not JSON', (_, res) => void res.end('{')],
    ['an answer larger than allowed', json({ text: 'x'.repeat(2000) })],
    ['a redirect', (_, res) => void res.writeHead(307, { location: 'https://127.0.0.1:1/' }).end()],
  ])('takes %s for a refusal', async (_, handler) => {
    const peers = await lakesideClient(await serve(handler));
    await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
      code: 'peer.refused',
      institution: 'harbor',
    });
  });

  it('does not send what the route does not allow', async () => {
    const peers = await lakesideClient('https://127.0.0.1:1');
    await expect(peers.call(echo, 'harbor', { text: 'x'.repeat(3000) })).rejects.toMatchObject({
      code: 'request.too-large',
    });
  });

  it.each<[string, RequestListener]>([
    ['no headers', () => undefined],
    ['half a body', (_, res) => void res.writeHead(200).write('{')],
    ['a trickle', (_, res) => void setInterval(() => res.destroyed || res.write(' '), 50).unref()],
  ])('ends in time with %s', async (_, handler) => {
    const peers = await lakesideClient(await serve(handler), 400);
    const start = performance.now();
    await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject({
      code: 'request.timeout',
      institution: 'harbor',
    });
    expect(performance.now() - start).toBeLessThan(1500);
  });

  it('names who is away', async () => {
    const peers = await lakesideClient('https://127.0.0.1:1');
    const away = { code: 'peer.unavailable', institution: 'harbor', where: 'harbor' };
    await expect(peers.call(echo, 'harbor', { text: '' })).rejects.toMatchObject(away);
    await expect(peers.call(echo, 'summit', { text: '' })).rejects.toMatchObject({
      ...away,
      institution: 'summit',
      where: 'summit',
    });
  });

  it('tries a lost connection again when the route is idempotent, and only then', async () => {
    let seen = 0;
    const flaky: RequestListener = (req, res) => {
      seen += 1;
      if (seen % 3 === 0) json({ text: 'third' })(req, res);
      else req.socket.destroy();
    };
    const peers = await lakesideClient(await serve(flaky));
    await expect(peers.call(echo, 'harbor', { text: '' })).resolves.toEqual({ text: 'third' });
    const once = { ...echo, idempotent: false };
    await expect(peers.call(once, 'harbor', { text: '' })).rejects.toMatchObject({ code: 'peer.unavailable' });
    expect(seen).toBe(4);
  });
});

describe('a stream', () => {
  const collect = async (pieces: AsyncIterable<Uint8Array>) => {
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(piece);
    return Buffer.concat(all);
  };

  it('arrives whole', async () => {
    const bytes = randomBytes(3_000_000);
    const peers = await lakesideClient(await serve((_, res) => void res.end(bytes)));
    expect((await collect(peers.stream('harbor', '/peer/vault/blobs/x'))).equals(bytes)).toBe(true);
  });

  it('may be left half-way, and fails when the sender does', async () => {
    const peers = await lakesideClient(await serve((_, res) => void res.write(Buffer.alloc(70_000))), 300);
    for await (const piece of peers.stream('harbor', '/peer/x')) if (piece.length > 0) break;
    await expect(collect(peers.stream('harbor', '/peer/x'))).rejects.toMatchObject({ institution: 'harbor' });
  });
});

const reclocked = async (authority: Authority, offset: number): Promise<Authority> => ({
  ...authority,
  clock: clockAt(offset),
});
