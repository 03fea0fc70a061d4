import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { problem, toOperationOutcome, toProblemJson } from '@medshare/problems';
import { MedshareClient } from './medshare-client.js';
import { generateStaffKey } from './staff-key.js';

interface Seen {
  method: string | undefined;
  path: string | undefined;
  token: string | undefined;
  body: unknown;
}

/** An institution's API on a real socket: answers by path, remembers what came. */
async function serve(answers: Record<string, { status?: number; body: unknown; type?: string }>) {
  const seen: Seen[] = [];
  const server: Server = createServer((request, response) => {
    void read(request).then((text) => {
      const { method, url, headers } = request;
      seen.push({ method, path: url, token: headers.authorization, body: text === '' ? undefined : JSON.parse(text) });
      const {
        status = 200,
        body,
        type = 'application/json',
      } = answers[`${method} ${url}`] ?? { status: 404, body: '' };
      response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, seen, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

const id = '98a381eb-3d49-4d79-8437-0b33ecb3a1f2';
const hash = 'h'.repeat(43);
const certificate = (notAfter: number) => ({
  version: 1,
  institution: 'lakeside',
  person: 'someone',
  roles: ['clinician'],
  kind: 'staff',
  publicKey: 'k'.repeat(44),
  suite: 'intl',
  notBefore: 0,
  notAfter,
  signature: 's'.repeat(86),
});
const ask = {
  version: 1,
  askId: id,
  institution: 'lakeside',
  readerKey: 'k'.repeat(44),
  purpose: 'TREAT',
  expiresAt: 9,
  nonce: 'n'.repeat(22),
};
const asked = { askId: id, found: [], requests: [], receipts: [], damaged: [] };

describe('the client', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  async function client(answers: Parameters<typeof serve>[0], now = 0) {
    const served = await serve(answers);
    server = served.server;
    const key = generateStaffKey('intl');
    return {
      ...served,
      key,
      client: new MedshareClient({ baseUrl: served.baseUrl, token: async () => 't', key, now: () => now }),
    };
  }

  it('certifies its key, drafts, signs and asks', async () => {
    const { client: me, seen } = await client({
      'POST /access/certificates': { status: 201, body: { certificate: certificate(1_000_000) } },
      'POST /reader/drafts': { status: 201, body: { ask } },
      'POST /reader/asks': { body: asked },
    });
    const about = { identifier: { system: 's', value: 'v' }, purpose: 'TREAT', relation: 'treating' as const, days: 7 };
    expect(await me.ask(about)).toEqual(asked);
    await me.ask(about);
    expect(seen.map(({ path }) => path)).toEqual([
      '/access/certificates',
      '/reader/drafts',
      '/reader/asks',
      '/reader/drafts',
      '/reader/asks',
    ]);
    expect(seen.every(({ token }) => token === 'Bearer t')).toBe(true);
    expect(seen[2]?.body).toMatchObject({ ask, identifier: { system: 's', value: 'v' }, relation: 'treating' });
  });

  it('renews a certificate before it ends', async () => {
    const { client: me, seen } = await client({
      'POST /access/certificates': { body: { certificate: certificate(30_000) } },
    });
    await me.certificate();
    await me.certificate();
    expect(seen).toHaveLength(2);
  });

  it('gives the exact bytes of a Bundle', async () => {
    const body = '{"resourceType":"Bundle","value":13.20}';
    const { client: me } = await client({ [`GET /fhir/Bundle/${id}`]: { body, type: 'application/fhir+json' } });
    expect(Buffer.from(await me.bundle(id)).toString()).toBe(body);
  });

  it('throws the problem that the server named, whatever form it has', async () => {
    const denied = problem('access.denied', { where: 'harbor', detail: 'no' });
    const { client: me } = await client({
      [`GET /reader/asks/${id}`]: { status: 403, body: toProblemJson(denied) },
      'GET /fhir/AuditEvent': { status: 403, body: toOperationOutcome([problem('auth.forbidden')]) },
      'GET /access/approvals': { status: 500, body: { code: 'a.code.of.tomorrow' } },
      [`GET /audit/entries/${hash}/proof`]: { status: 502, body: '<html>' },
    });
    await expect(me.asked(id)).rejects.toMatchObject({
      code: 'access.denied',
      where: 'harbor',
      detail: 'no',
      status: 403,
    });
    await expect(me.auditEvents()).rejects.toMatchObject({ code: 'auth.forbidden' });
    await expect(me.approvals()).rejects.toMatchObject({ code: 'peer.refused' });
    await expect(me.auditProof(hash)).rejects.toMatchObject({ code: 'peer.refused', detail: 'HTTP status 502' });
  });

  it('refuses an answer of another shape', async () => {
    const { client: me } = await client({ [`GET /reader/asks/${id}`]: { body: { askId: id } } });
    await expect(me.asked(id)).rejects.toThrow();
  });

  it('says that a key is needed to sign', async () => {
    const keyless = new MedshareClient({ baseUrl: 'http://127.0.0.1:1', token: async () => 't' });
    await expect(keyless.certificate()).rejects.toMatchObject({ code: 'auth.unauthenticated', where: 'key' });
  });
});
