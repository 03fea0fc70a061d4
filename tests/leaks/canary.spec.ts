import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { audited, exchangeBytes, startDemo, until, type Demo } from '../harness/demo.js';
import { dumpOf, filesOf, serverOf, within } from '../harness/disk.js';
import { identifierOf } from '../harness/messages.js';
import { collectTraces, type TraceCollector } from '../harness/trace-collector.js';
import { encoders } from './encodings.js';
import {
  accepted,
  fhirAccepted,
  fhirRefused,
  inGb18030,
  markers,
  qilin,
  quill,
  refused,
  refusedParts,
  stranger,
} from './marked-patients.js';
import { MarkerScanner, type Hit } from './marker-scanner.js';

const institutions = ['harbor', 'lakeside', 'summit'];
type Found = Hit & { place: string };

/** A region works on marked patients; afterwards no marker stands anywhere outside what was sealed. */
describe('no patient’s data outside what is sealed', () => {
  let demo: Demo;
  let collector: TraceCollector;
  const scanner = new MarkerScanner(markers);
  /** Everything that an answer said which was not the asked-for content itself. */
  const said: { place: string; bytes: Buffer }[] = [];
  const say = (place: string, text: string) => void said.push({ place, bytes: Buffer.from(text) });

  const sendHttp = async (
    path: string,
    body: string,
    type: string,
    headers: Record<string, string> = {},
  ): Promise<number> => {
    const url = demo.institutions.harbor!.httpUrl + path;
    const token = await demo.feedToken('harbor');
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${token}`, 'content-type': type, ...headers },
    });
    say(`answer of ${path.slice(0, 12)}`, `${JSON.stringify([...response.headers])}${await response.text()}`);
    return response.status;
  };
  const refusal = async (place: string, promise: Promise<unknown>): Promise<void> => {
    const caught = await promise.then(
      () => new Error('was not refused'),
      (one: unknown) => one as { code?: string; where?: string; detail?: string; message: string },
    );
    expect(caught).toHaveProperty('code');
    say(place, JSON.stringify(caught, ['code', 'where', 'detail', 'message', 'cause']));
  };

  beforeAll(async () => {
    collector = await collectTraces();
    const env = { MEDSHARE_LOG__LEVEL: 'debug', MEDSHARE_TELEMETRY__ENDPOINT: collector.endpoint };
    demo = await startDemo({ env });
  }, 300_000);

  afterAll(async () => {
    await demo?.stop();
    await demo?.remove();
    await collector?.close();
  }, 60_000);

  it('takes marked patients by every door: accepted, refused and parked', async () => {
    const good = await demo.send('harbor', ...accepted());
    expect(good.map((answer) => /\rMSA\|(\w\w)/.exec(answer)?.[1])).toEqual(good.map(() => 'AA'));
    const [gb] = await exchangeBytes(demo.institutions.harbor!.mllpPort, [inGb18030()]);
    expect(gb).toMatch(/\rMSA\|AA/);
    expect(await sendHttp('/fhir', JSON.stringify(fhirAccepted()), 'application/fhir+json')).toBe(200);
    expect(await sendHttp('/hl7v2', accepted()[1]!, 'application/hl7-v2')).toBe(200);
    for (const message of refused()) {
      const [answer] = await demo.send('harbor', message);
      say('negative acknowledgement', answer!);
      await sendHttp('/hl7v2', message, 'application/hl7-v2');
    }
    for (const { path, body } of fhirRefused())
      expect([path, await sendHttp(path, body, 'application/fhir+json')]).toEqual([path, expect.any(Number)]);
    await sendHttp('/fhir', 'x', refusedParts.query);
    good.forEach((answer) => say('acknowledgement', answer));
    await until('parked', async () => (await audited(demo, 'harbor', 'message.parked')) >= 1, 150_000);
    expect(await audited(demo, 'harbor', 'message.refused')).toBeGreaterThanOrEqual(10);
  }, 300_000);

  it('finds, opens, and looks for the wrong patient', async () => {
    const doctor = demo.as('dr.chen', 'lakeside');
    const about = { purpose: 'TREAT', relation: 'treating' as const, days: 7 };
    for (const patient of [quill, qilin]) {
      const opened = await until(
        'opened',
        async () => {
          const asked = await doctor.ask({ ...about, identifier: identifierOf(patient) });
          say('ask', JSON.stringify(asked));
          const answer = await doctor.open(asked.askId);
          say('open', JSON.stringify(answer));
          return answer.opened.length > 0 && answer.opened;
        },
        150_000,
      );
      const texts = await Promise.all(
        opened.map(async ({ bundle }) => Buffer.from(await doctor.bundle(bundle)).toString()),
      );
      // the control of the whole run: what is looked for was really there
      expect(texts.join('')).toContain(patient.family);
    }
    const nobody = await doctor.ask({
      ...about,
      identifier: { system: 'urn:medshare:east:citizen', value: stranger.citizen },
    });
    expect(nobody.found).toEqual([]);
    say('ask', JSON.stringify(nobody));
    await refusal('ask', doctor.ask({ ...about, identifier: { system: stranger.system, value: stranger.citizen } }));
    await refusal('bundle', doctor.bundle(quill.citizen));
    await refusal('audit search', demo.as('regulator', 'harbor').auditEvents({ [refusedParts.query]: quill.family }));
    const unread = await fetch(`${demo.institutions.lakeside!.httpUrl}/fhir/Patient?name=${quill.family}`);
    say('no such search', await unread.text());
    for (const path of [
      `/${refusedParts.query}`,
      `/reader/asks/${refusedParts.query}`,
      `/access/receipts/${quill.citizen}`,
    ])
      say('no such thing', await (await fetch(demo.institutions.lakeside!.httpUrl + path)).text());
    for (const id of institutions) {
      const regulator = demo.as('regulator', id);
      say(`${id}: audit events`, JSON.stringify(await regulator.auditEvents({ _count: '500' })));
    }
    const engineer = await demo.token('it.sun', 'harbor');
    for (const path of ['/messages?state=parked', '/messages/refused']) {
      const response = await fetch(demo.institutions.harbor!.httpUrl + path, {
        headers: { authorization: `Bearer ${engineer}` },
      });
      say(path, await response.text());
    }
  }, 300_000);

  it('exports a span of every step', async () => {
    const steps = ['receive', 'process message.accepted', 'anchor', 'ask', 'decide', 'release', 'open'];
    await until(
      'spans of every step',
      () => {
        const names = new Set(collector.spans().map(({ name }) => name));
        return Promise.resolve(steps.every((step) => names.has(step)));
      },
      150_000,
    );
  }, 300_000);

  it('and no marker stands in an answer, a log line, a metric, a span, a table, a blob or a file', async () => {
    const found: Found[] = [];
    let bytes = 0;
    for await (const one of everything(demo, [...said, ...spansOf(collector)])) {
      bytes += one.bytes.length;
      for (const hit of scanner.scan(one.bytes)) found.push({ ...hit, place: one.place });
    }
    expect(found).toEqual([]);
    expect(bytes).toBeGreaterThan(50_000_000);
  }, 300_000);

  it('the control: a leak planted in a table, a log line, a span or a blob is found, in every encoding', async () => {
    const leaks = Object.entries(encoders).flatMap(([encoding, encode]) =>
      [quill.family, qilin.family, quill.citizen].flatMap((marker) =>
        encode(marker).map((leak) => ({ encoding, marker, leak })),
      ),
    );
    await plant(
      demo,
      leaks.map(({ leak }) => leak),
    );
    for (const { leak } of leaks) await exportSpan(collector, leak);
    const planted: { place: string; bytes: Buffer }[] = [];
    const logged = leaks.map(({ leak }, n) => ({
      place: `log ${n}`,
      bytes: Buffer.concat([Buffer.from('{"msg":"'), leak]),
    }));
    for await (const one of everything(demo, [...logged, ...spansOf(collector)]))
      if (/canary|log \d|^span|base|pg_wal/.test(one.place)) planted.push(one);
    const where = {
      table: /^summit: .*canary/,
      file: /postgres.*(base|pg_wal)/,
      blob: /blobs.canary/,
      log: /^log/,
      span: /^span/,
    };
    const seen = planted.map(({ place, bytes }) => ({ place, hits: scanner.scan(bytes, 1e6) }));
    for (const [kind, pattern] of Object.entries(where)) {
      const hits = seen.filter(({ place }) => pattern.test(place)).flatMap((one) => one.hits);
      const missed = leaks.filter(
        ({ leak, marker }) =>
          !hits.some((hit) => hit.marker === marker && scanner.scan(leak)[0]?.encoding === hit.encoding),
      );
      expect([kind, missed.map(({ encoding, marker }) => `${marker} in ${encoding}`)]).toEqual([kind, []]);
    }
    // compressed inside the file, but not in the dump
    const squeezed = seen.filter(({ place }) => place.includes('canary_squeezed'));
    expect(squeezed.flatMap(({ hits }) => hits).length).toBeGreaterThan(0);
  }, 300_000);
});

/** What exporters sent, as it came. */
const spansOf = (collector: TraceCollector) => collector.bodies().map((bytes, n) => ({ place: `span ${n}`, bytes }));

/** As an exporter would send a span whose name is the leak. */
async function exportSpan({ endpoint }: TraceCollector, leak: Buffer): Promise<void> {
  const body = Buffer.concat([
    Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"'),
    leak,
    Buffer.from('"}]}]}]}'),
  ]);
  const { status } = await fetch(endpoint, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect(status).toBe(200);
}

/** Whatever holds bytes: answers, output, metrics, every table of every schema, every file (PostgreSQL's, blobs, the region, the keys). */
async function* everything(
  demo: Demo,
  said: Iterable<{ place: string; bytes: Buffer }>,
): AsyncGenerator<{ place: string; bytes: Buffer }> {
  yield* said;
  yield { place: 'output', bytes: Buffer.from(demo.output()) };
  const server = await serverOf(demo.data);
  for (const id of institutions) {
    const metrics = await (await fetch(`${demo.institutions[id]!.httpUrl}/metrics`)).text();
    expect(metrics).toContain('medshare_');
    yield { place: `${id}: metrics`, bytes: Buffer.from(metrics) };
    const dumped = await within(server, id, async (client) => {
      await client.query('CHECKPOINT');
      const all: { place: string; bytes: Buffer }[] = [];
      for await (const { place, bytes } of dumpOf(client)) all.push({ place: `${id}: ${place}`, bytes });
      return all;
    });
    expect(new Set(dumped.map(({ place }) => place.split('.')[0])).size).toBeGreaterThanOrEqual(8);
    yield* dumped;
  }
  yield* filesOf(demo.data);
}

/** Leaks where a mistake would leave them: a table that was emptied again, one that PostgreSQL compresses, the folder of blobs. */
async function plant(demo: Demo, leaks: Buffer[]): Promise<void> {
  const server = await serverOf(demo.data);
  await within(server, 'summit', async (client) => {
    await client.query('CREATE TABLE canary (leak bytea)');
    for (const leak of leaks) await client.query('INSERT INTO canary VALUES ($1)', [leak]);
    await client.query('CREATE TABLE canary_gone (leak bytea)');
    for (const leak of leaks) await client.query('INSERT INTO canary_gone VALUES ($1)', [leak]);
    await client.query('DELETE FROM canary_gone');
    await client.query('CREATE TABLE canary_squeezed (leak text)');
    await client.query('INSERT INTO canary_squeezed VALUES ($1)', [
      `${'much of the same '.repeat(5000)}${quill.family}`,
    ]);
  });
  const folder = join(demo.data, 'summit', 'blobs');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'canary'), Buffer.concat(leaks.flatMap((leak) => [leak, Buffer.from('\n')])));
}
