import 'reflect-metadata';
import { gzipSync } from 'node:zlib';
import { Global, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { TokenVerifier } from '@medshare/identity';
import { TOKEN_VERIFIER } from '@medshare/identity/nest';
import { ProblemFilter } from '@medshare/peers/nest';
import { validateBundle } from '@medshare/fhir';
import { problem } from '@medshare/problems';
import { freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { openContext, sample, settings, type IngestContext } from '../fixture/ingest.fixture.js';
import { admission, codeOf, MllpClient } from '../fixture/mllp-client.fixture.js';
import { IngestModule } from '../ingest.module.js';
import { settleReply } from '../store/replies.js';
import { MllpServer } from './mllp-server.js';

const verifier: TokenVerifier = {
  verify: (token) =>
    ['feed', 'integration-engineer', 'clinician'].includes(token)
      ? Promise.resolve({
          subject: token,
          username: token,
          institution: 'harbor',
          roles: [token],
          clientId: 'c',
          expiresAt: 1,
        })
      : Promise.reject(problem('auth.unauthenticated')),
};

let fresh: FreshDatabase;
let context: IngestContext;
let closeContext: () => Promise<void>;
let app: INestApplication;
let base: string;

beforeAll(async () => {
  fresh = await freshDatabase();
  ({ context, close: closeContext } = await openContext(fresh.url));
  const config = { ...settings(), maxBodyBytes: 200_000 };
  @Global()
  @Module({ providers: [{ provide: TOKEN_VERIFIER, useValue: verifier }], exports: [TOKEN_VERIFIER] })
  class Identity {}
  @Module({ imports: [Identity, IngestModule.register(context, config)] })
  class Hospital {}
  app = await NestFactory.create(Hospital, { logger: false, bodyParser: false });
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
}, 120_000);
afterAll(async () => {
  await app.close();
  await closeContext();
  await fresh.drop();
});

const post = (path: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
  fetch(base + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : Buffer.from(body),
    headers: {
      authorization: 'Bearer feed',
      'content-type': path.startsWith('/hl7v2') ? 'application/hl7-v2' : 'application/fhir+json',
      ...headers,
    },
  });
const count = async (table: string) =>
  (await context.database.query<{ n: number }>(`SELECT count(*)::int n FROM ${table}`)).rows[0]?.n ?? 0;
const observation = (value = '5.50') =>
  `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"identifier":{"system":"urn:medshare:east:citizen","value":"E-1"}},"valueQuantity":{"value":${value}}}`;

describe('POST /hl7v2', () => {
  it('answers the acknowledgement', async () => {
    const good = await post('/hl7v2', admission('H-1'));
    expect([good.status, good.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('application/hl7-v2'),
    ]);
    expect(await good.text()).toContain('\rMSA|AA|H-1\r');
    const again = await post('/hl7v2', admission('H-1'));
    expect([again.status, await count('message')]).toEqual([200, 1]);
    const conflict = await post('/hl7v2', admission('H-1', 'E-9'));
    expect([conflict.status, (await conflict.text()).slice(-9999)]).toEqual([
      409,
      expect.stringContaining('MSA|AE|H-1'),
    ]);
    const bad = await post('/hl7v2', admission('H-2').replace('19850317', '1985-13'));
    expect([bad.status, await bad.text()]).toEqual([422, expect.stringContaining('PID^1^7')]);
  });

  it.each([
    ['no token', { authorization: '' }, 401],
    ['another role', { authorization: 'Bearer clinician' }, 403],
    ['another type', { 'content-type': 'text/plain' }, 415],
    ['another encoding', { 'content-encoding': 'br' }, 415],
    ['what is not gzip', { 'content-encoding': 'gzip' }, 400],
  ])('refuses %s', async (_, headers, status) => {
    expect((await post('/hl7v2', admission('H-3'), headers)).status).toBe(status);
  });
});

describe('POST /hl7v2 in enhanced mode', () => {
  const asking = (id: string, accept: string, application: string) =>
    admission(id).replace('|2.5.1||||||', `|2.5.1|||${accept}|${application}||`);
  const later = (id: string) =>
    fetch(`${base}/hl7v2/acknowledgement?MSH-3=HIS&MSH-4=HARBOR&MSH-10=${id}`, {
      headers: { authorization: 'Bearer feed' },
    });

  it('answers the accept acknowledgement, or nothing where none is wanted', async () => {
    const ca = await post('/hl7v2', asking('E-1', 'AL', 'NE'));
    expect([ca.status, await ca.text()]).toEqual([200, expect.stringContaining('\rMSA|CA|E-1\r')]);
    const none = await post('/hl7v2', asking('E-2', 'NE', 'AL'));
    expect([none.status, await none.text()]).toEqual([202, '']);
    const no = await post('/hl7v2', asking('E-3', 'AL', 'NE').replace('19850317', '1985-13'));
    expect([no.status, await no.text()]).toEqual([422, expect.stringContaining('MSA|CE|E-3')]);
  });

  it('lets the application acknowledgement be fetched, once there is one', async () => {
    expect((await later('E-2')).status).toBe(202);
    expect([(await later('E-1')).status, (await later('NONE')).status]).toEqual([404, 404]);
    const { rows } = await context.database.query<{ id: string }>('SELECT message_id AS id FROM reply');
    await context.database.transaction((tx) =>
      settleReply(
        tx,
        rows[0]!.id,
        { code: 'AE', problem: 'patient.ambiguous', where: 'PID-3' },
        { now: 1, giveUpAt: 2 },
      ),
    );
    const ready = await later('E-2');
    expect([ready.status, await ready.text()]).toEqual([
      200,
      expect.stringMatching(/MSA\|AE\|E-2\rERR\|\|PID\^1\^3\|204/),
    ]);
    expect(await count("reply WHERE state = 'delivered'")).toBe(1);
  });
});

describe('POST /hl7v2 with a batch', () => {
  const batch = (ids: string[], told = ids.length) =>
    `BHS|^~\\&|HIS|HARBOR|MEDSHARE|HARBOR|2026||||B-1\r${ids.map((id) => admission(id)).join('')}BTS|${told}\r`;

  it('answers a batch of acknowledgements, one a message, good and bad', async () => {
    const body = batch(['B-1', 'B-2', 'B-3']).replace(/19850317(?![^]*19850317)/, '1985-13');
    const before = await count('message');
    const answer = await post('/hl7v2', body);
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).toMatch(/^BHS\|\^~\\&\|MEDSHARE\|HARBOR\|HIS\|HARBOR\|[^|]*\|\|\|\|[0-9a-f]{20}\|B-1\r/);
    expect(text.match(/MSA\|\w\w\|[^\r]*/g)).toEqual(['MSA|AA|B-1', 'MSA|AA|B-2', 'MSA|AE|B-3']);
    expect(text.endsWith('\rBTS|3\r')).toBe(true);
    expect(await count('message')).toBe(before + 2);
  });

  it('takes nothing of a batch whose trailer counts something else, and names the place', async () => {
    const before = await count('message');
    const answer = await post('/hl7v2', batch(['B-8', 'B-9'], 3));
    expect([answer.status, await answer.text()]).toEqual([
      422,
      expect.stringMatching(/MSA\|AE\|[^]*ERR\|\|BTS\^1\^1\|207/),
    ]);
    expect(await count('message')).toBe(before);
  });
});

describe('POST /fhir/$process-message', () => {
  const message = (id: string, value = '5.50') =>
    JSON.stringify({
      resourceType: 'Bundle',
      type: 'message',
      entry: [
        {
          fullUrl: 'urn:uuid:1',
          resource: {
            resourceType: 'MessageHeader',
            id,
            eventCoding: { system: 'urn:events', code: 'admin-notify' },
            source: { endpoint: 'https://his.harbor.example/fhir' },
            focus: [{ reference: 'urn:uuid:2' }],
          },
        },
        { fullUrl: 'urn:uuid:2', resource: JSON.parse(observation(value)) as object },
      ],
    });
  const send = (body: string, query = '') => post(`/fhir/$process-message${query}`, body);
  const headerOf = async (answer: Response) => {
    const { type, entry } = (await answer.json()) as { type: string; entry: { resource: Record<string, never> }[] };
    return { type, header: entry[0]!.resource, outcome: entry[1]!.resource };
  };

  it('is durable before it is answered by a message that is valid and names it', async () => {
    const before = await count('message');
    const answer = await send(message('m-1'));
    const copy = answer.clone();
    expect(validateBundle(await copy.json())).toEqual([]);
    const { type, header, outcome } = await headerOf(answer);
    expect([answer.status, type, await count('message')]).toEqual([200, 'message', before + 1]);
    expect(header).toMatchObject({
      eventCoding: { code: 'admin-notify' },
      destination: [{ endpoint: 'https://his.harbor.example/fhir' }],
      response: { identifier: 'm-1', code: 'ok' },
    });
    expect(outcome).toMatchObject({ resourceType: 'OperationOutcome' });
    expect((await send(message('m-1'))).status).toBe(200);
    expect(await count('message')).toBe(before + 1);
    const other = await send(message('m-1', '6.0'));
    expect([other.status, (await headerOf(other)).header]).toMatchObject([409, { response: { code: 'fatal-error' } }]);
  });

  it('names what is wrong with it', async () => {
    const wrong = await send(message('m-2').replace('"final"', '"nonsense"'));
    const { header, outcome } = await headerOf(wrong);
    expect([wrong.status, header]).toMatchObject([422, { response: { identifier: 'm-2', code: 'fatal-error' } }]);
    expect(JSON.stringify(outcome)).toContain('Bundle.entry[1].resource.status');
    const none = await send('{"resourceType":"Bundle","type":"message","entry":[]}');
    expect([none.status, JSON.stringify(await none.json())]).toEqual([422, expect.stringContaining('MessageHeader')]);
  });

  it('is asynchronous when asked, and posts to no address that a caller names', async () => {
    const later = await send(message('m-3'), '?async=true');
    expect([later.status, await later.text()]).toEqual([202, '']);
    expect((await send(message('m-4'), '?async=true&response-url=http://127.0.0.1:1/')).status).toBe(422);
    expect((await send(message('m-4'), '?async=maybe')).status).toBe(422);
  });

  it('says when to come again: the database is away', async () => {
    const { query } = context.database;
    Object.assign(context.database, { query: () => Promise.reject(problem('storage.unavailable')) });
    const answer = await send(message('m-5'));
    Object.assign(context.database, { query });
    expect([answer.status, (await headerOf(answer)).header]).toMatchObject([
      503,
      { response: { code: 'transient-error' } },
    ]);
  });
});

describe('bodies', () => {
  it('may be compressed, and a bomb costs no more than the limit', async () => {
    const gzip = { 'content-encoding': 'gzip' };
    expect((await post('/hl7v2', gzipSync(admission('GZ')), gzip)).status).toBe(200);
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const before = process.memoryUsage().rss;
    expect((await post('/fhir', bomb, gzip)).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
  });

  it('are bounded while they stream', async () => {
    const endless = new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(60_000)) });
    const headers = { authorization: 'Bearer feed', 'content-type': 'application/fhir+json' };
    const sent = fetch(`${base}/fhir`, { method: 'POST', body: endless, headers, duplex: 'half' } as RequestInit);
    // the answer may be overtaken by the closing of the connection; the service goes on
    expect(
      await sent.then(
        ({ status }) => status,
        () => 413,
      ),
    ).toBe(413);
    expect((await post('/hl7v2', admission('GOES-ON'))).status).toBe(200);
  });
});

describe('POST /fhir', () => {
  it('takes a transaction as one record, exactly as it came', async () => {
    const bytes = sample('bundle-mei-lin-encounter.json');
    const answer = await post('/fhir', bytes, { 'x-request-id': 'r-1' });
    const body = (await answer.json()) as { type: string; entry: { response: { status: string; location: string } }[] };
    expect([answer.status, body.type]).toEqual([200, 'transaction-response']);
    const sent = JSON.parse(Buffer.from(bytes).toString()) as { entry: unknown[] };
    expect(body.entry).toHaveLength(sent.entry.length);
    expect(body.entry.every(({ response }) => response.status === '201 Created')).toBe(true);
    const before = await count('message');
    const again = await post('/fhir', bytes, { 'x-request-id': 'r-1' });
    expect([await again.json(), await count('message')]).toEqual([body, before]);
    const other = await post('/fhir', Buffer.concat([bytes, Buffer.from(' ')]), { 'x-request-id': 'r-1' });
    expect(other.status).toBe(409);
  });

  it('takes each entry of a batch as a record, and names what is wrong where the sender sees it', async () => {
    const entry = (resource: string, method = 'POST') =>
      `{"resource":${resource},"request":{"method":"${method}","url":"Observation"}}`;
    const wrong = observation().replace('"final"', '"nonsense"');
    const bundle = `{"resourceType":"Bundle","type":"batch","entry":[${[entry(observation()), entry(wrong), entry(observation('7.0')), entry(observation(), 'DELETE')].join(',')}]}`;
    const before = await count('message');
    const answer = await post('/fhir', bundle);
    const body = (await answer.json()) as {
      type: string;
      entry: { response: { status: string; outcome?: { issue: { expression?: string[] }[] } } }[];
    };
    expect(body.type).toBe('batch-response');
    expect(body.entry.map(({ response }) => response.status)).toEqual(['201 Created', '422', '201 Created', '422']);
    expect(body.entry[1]?.response.outcome?.issue[0]?.expression?.[0]).toMatch(/^Bundle\.entry\[1\]\.resource/);
    expect(await count('message')).toBe(before + 2);
  });

  it.each([
    ['no JSON', '{"resourceType":', 400, 'fhir.json'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'fhir.json'],
    ['a JSON bomb', '['.repeat(100_000), 400, 'fhir.json'],
    ['a deep object', '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000), 400, 'fhir.json'],
    ['a name twice', '{"resourceType":"Bundle","type":"batch","type":"batch"}', 400, 'fhir.json'],
    ['a searchset', '{"resourceType":"Bundle","type":"searchset"}', 422, 'fhir.unsupported'],
    ['too much', `{"resourceType":"Bundle","x":"${'x'.repeat(200_000)}"}`, 413, 'request.too-large'],
  ])('refuses %s with an OperationOutcome that can be found again', async (_, body, status, code) => {
    const answer = await post('/fhir', body);
    const outcome = (await answer.json()) as {
      resourceType: string;
      issue: { details: { coding: { code: string }[] } }[];
    };
    expect([answer.status, outcome.resourceType, outcome.issue[0]?.details.coding[0]?.code]).toEqual([
      status,
      'OperationOutcome',
      code,
    ]);
    const listed = await fetch(`${base}/messages/refused`, {
      headers: { authorization: 'Bearer integration-engineer' },
    });
    const { refusals } = (await listed.json()) as { refusals: { problems: { code: string }[]; kind: string }[] };
    expect(refusals[0]).toMatchObject({ kind: 'fhir', problems: [{ code }] });
  });
});

describe('POST /fhir/{type}', () => {
  it('stores a resource and a Bundle, keeping every digit', async () => {
    const answer = await post('/fhir/Observation', observation('1.500'));
    expect([answer.status, answer.headers.get('location')]).toEqual([
      201,
      expect.stringMatching(/^\/fhir\/Observation\/[0-9a-f-]{36}$/),
    ]);
    const { rows } = await context.database.query<{ payload: string }>(
      'SELECT payload FROM message ORDER BY position DESC LIMIT 1',
    );
    const { parts } = await context.transit.get(rows[0]!.payload);
    expect(Buffer.from(parts[0]!).toString()).toContain('"value":1.500}');
    const collection = `{"resourceType":"Bundle","type":"collection","entry":[{"resource":${observation()}}]}`;
    expect((await post('/fhir/Bundle', collection)).headers.get('location')).toMatch(/^\/fhir\/Bundle\//);
  });

  it.each([
    ['a bad date', '/fhir/Patient', '{"resourceType":"Patient","birthDate":"1985-13-40"}', 422, 'Patient.birthDate'],
    ['another type than the address names', '/fhir/Patient', observation(), 422, 'Patient.resourceType'],
    ['a type that is none', '/fhir/Nonsense', '{"resourceType":"Nonsense"}', 422, undefined],
  ])('refuses %s', async (_, path, body, status, place) => {
    const answer = await post(path, body);
    const outcome = (await answer.json()) as { issue: { expression?: string[] }[] };
    expect([answer.status, outcome.issue[0]?.expression?.[0]]).toEqual([status, place]);
  });

  it('does not pretend to search', async () => {
    expect((await post('/fhir/Observation', observation(), { 'if-none-exist': 'identifier=1' })).status).toBe(422);
  });
});

describe('previews', () => {
  it.each([
    ['/hl7v2/$preview', 'oru-r01-mei-lin-hiv.hl7', 'sensitive:hiv'],
    ['/fhir/$preview', 'bundle-mei-lin-encounter.json', 'ordinary'],
  ])('%s shows Bundle, labels, level, sections and issues, and stores nothing', async (path, name, section) => {
    const kept = async () => [await count('message'), await count('transit.payload')];
    const [before, facts] = [await kept(), await count('outbox')];
    const answer = await post(path, sample(name), { authorization: 'Bearer integration-engineer' });
    const body = (await answer.json()) as {
      bundle: { resourceType: string };
      level: number;
      sections: { class: string }[];
      labels: unknown[];
      issues: unknown[];
    };
    expect([answer.status, body.bundle.resourceType]).toEqual([200, 'Bundle']);
    expect(body.sections.map((each) => each.class)).toContain(section);
    expect(body.level).toBeGreaterThan(1);
    expect(Array.isArray(body.labels) && Array.isArray(body.issues)).toBe(true);
    expect(await kept()).toEqual(before);
    const { rows } = await context.database.query<{ topic: string; value: string }>(
      'SELECT topic, value FROM outbox ORDER BY seq DESC LIMIT 1',
    );
    expect([rows[0]?.topic, rows[0]?.value, await count('outbox')]).toEqual([
      'audit.recorded',
      expect.stringContaining('message.previewed'),
      facts + 1,
    ]);
  });
});

describe('the module', () => {
  it('listens on MLLP beside HTTP and shows its metrics', async () => {
    const client = await MllpClient.to(app.get(MllpServer, { strict: false }).port);
    expect(codeOf(await client.ask(admission('MODULE')))).toBe('AA');
    client.end();
    const page = await context.metrics.expose();
    expect(page).toMatch(/medshare_ingest_accepted_total\{[^}]*via="mllp"[^}]*\} 1/);
    expect(page).toMatch(/medshare_ingest_parked\{[^}]*\} 0/);
  });
});
