import { randomBytes } from 'node:crypto';
import { MedshareClient } from '@medshare/client';
import { startDemo, until, type Demo } from '../harness/demo.js';
import { hivTest, identifierOf, patient, sodium } from '../harness/messages.js';
import { collectTraces, type CollectedSpan, type TraceCollector } from '../harness/trace-collector.js';

const way = [
  'receive',
  'accept',
  'acknowledge',
  'process message.accepted',
  'process record.received',
  'process record.classified',
  'process record.sealed',
  'submit',
  'anchor',
  'process audit.recorded',
];

/** Traces as a collector gets them: from the built product, over a socket. */
describe('traces', () => {
  let demo: Demo;
  let collector: TraceCollector;
  const named = (spans: CollectedSpan[], name: string) => spans.filter((span) => span.name === name);
  const record = async (): Promise<CollectedSpan[]> =>
    until(
      'a whole trace of a record',
      async () => {
        const spans = await Promise.resolve(collector.spans());
        const [first] = named(spans, 'receive').filter(({ parentSpanId }) => parentSpanId === undefined);
        const own = spans.filter(({ traceId }) => traceId === first?.traceId);
        const missing = way.filter((name) => named(own, name).length === 0);
        if (missing.length > 0)
          throw new Error(`missing: ${missing.join(', ')}; there: ${own.map((s) => s.name).join()}`);
        return own;
      },
      60_000,
    );

  beforeAll(async () => {
    collector = await collectTraces();
    demo = await startDemo({ separate: true, env: { MEDSHARE_TELEMETRY__ENDPOINT: collector.endpoint } });
  }, 150_000);

  afterAll(async () => {
    await demo?.stop();
    await demo?.remove();
    await collector?.close();
  }, 60_000);

  it('one follows a record from the socket to the chain, through every role', async () => {
    const mei = patient(7);
    const [answer] = await demo.send('harbor', sodium(mei));
    expect(answer).toMatch(/\rMSA\|AA/);
    const own = await record();
    const one = (name: string) => named(own, name)[0]!;
    expect(one('receive').attributes).toMatchObject({ 'medshare.acknowledgement': 'AA', 'medshare.role': 'ingest' });
    expect(new Set(own.map(({ instance }) => instance))).toContain('harbor');
    const roles = own.flatMap(({ attributes }) => attributes['medshare.role'] ?? []);
    expect(new Set(roles)).toEqual(new Set(['ingest', 'classifier', 'vault', 'ledger', 'audit']));
    // every step has the one before it above it, and begins no earlier
    const byId = new Map(own.map((span) => [span.spanId, span]));
    for (const span of own) {
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(span.end - span.start).toBeLessThan(60_000);
      if (span.parentSpanId === undefined) continue;
      const above = byId.get(span.parentSpanId);
      expect([span.name, above?.name]).toEqual([span.name, expect.any(String)]);
      expect(span.start).toBeGreaterThanOrEqual(above!.start - 1);
    }
    expect(own.filter(({ parentSpanId }) => parentSpanId === undefined)).toHaveLength(1);
    const order = ['accept', 'process record.received', 'process record.classified', 'submit', 'anchor'];
    const starts = order.map((name) => one(name).start);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  }, 120_000);

  it('a batch is a step of its own, linked with its records, whose traces it does not join', async () => {
    const own = await record();
    const all = collector.spans();
    const [first] = named(own, 'submit');
    const batch = all.find(({ spanId }) => spanId === first!.links[0]?.spanId);
    expect(batch?.name).toBe('submit');
    expect(batch?.traceId).not.toBe(first!.traceId);
    expect(batch?.links.map(({ traceId }) => traceId)).toContain(first!.traceId);
    const groups = named(all, 'commit').filter(({ links }) => links.some(({ traceId }) => traceId === first!.traceId));
    expect(groups).toHaveLength(1);
  }, 90_000);

  it('continues the trace that an HTTP caller names', async () => {
    const traceId = randomBytes(16).toString('hex');
    const response = await fetch(`${demo.institutions.harbor!.httpUrl}/hl7v2`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await demo.feedToken('harbor')}`,
        'content-type': 'application/hl7-v2',
        traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
      },
      body: hivTest(patient(8)),
    });
    expect(response.status).toBe(200);
    await until(
      'anchored in the same trace',
      async () => {
        const own = await Promise.resolve(collector.spans().filter((span) => span.traceId === traceId));
        return named(own, 'POST /hl7v2').length === 1 && named(own, 'anchor').length === 1;
      },
      60_000,
    );
  }, 90_000);

  it('another follows an ask over institutions: asked, decided, approved, released, opened', async () => {
    const doctor: MedshareClient = demo.as('dr.chen', 'lakeside');
    const about = { identifier: identifierOf(patient(7)), purpose: 'TREAT', relation: 'treating' as const, days: 7 };
    const askId = await until(
      'opened',
      async () => {
        const asked = await doctor.ask(about);
        return (await doctor.open(asked.askId)).opened.length > 0 && asked.askId;
      },
      90_000,
    );
    const steps = ['ask', 'decide', 'approve', 'release', 'open'];
    const own = await until(
      'a whole trace of the ask',
      async () => {
        const all = await Promise.resolve(collector.spans());
        const root = named(all, 'ask').find(({ attributes }) => attributes['medshare.ask'] === askId);
        const found = all.filter(({ traceId }) => traceId === root?.traceId);
        const missing = steps.filter((name) => named(found, name).length === 0);
        if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
        return found;
      },
      30_000,
    );
    expect(new Set(own.map(({ instance }) => instance)).size).toBeGreaterThanOrEqual(2);
    const at = (name: string) => new Set(named(own, name).map(({ instance }) => instance));
    expect([at('ask'), at('decide'), at('open')]).toEqual([
      new Set(['lakeside']),
      new Set(['harbor']),
      new Set(['lakeside']),
    ]);
    // linked with the requests that set it off; and what was opened is named as in the trace of its record
    const all = collector.spans();
    const linked = own.flatMap(({ links }) =>
      links.map((link) => all.find(({ spanId }) => spanId === link.spanId)?.name),
    );
    expect(linked).toContainEqual(expect.stringMatching(/^POST/));
    const recordsIn = (spans: CollectedSpan[]) =>
      spans.flatMap(({ attributes }) => attributes['medshare.record'] ?? []);
    const opened = recordsIn(named(own, 'open'));
    expect(opened.length).toBeGreaterThan(0);
    expect(recordsIn(named(all, 'anchor'))).toEqual(expect.arrayContaining(opened));
  }, 150_000);
});
