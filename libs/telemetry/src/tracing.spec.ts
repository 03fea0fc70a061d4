import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { trace } from '@opentelemetry/api';
import { problem } from '@medshare/problems';
import fc from 'fast-check';
import {
  askTraceparent,
  createLogger,
  currentTraceparent,
  linkStep,
  outsideSteps,
  readTraceparent,
  traced,
} from './index.js';
import { cleanAttributes, cleanName } from './span-attributes.js';
import { startTracing } from './start-tracing.js';

const secret = 'MEI-LIN-1974';

const collect = async () => {
  let text = '';
  const server = createServer((request, response) => {
    request.on('data', (piece: Buffer) => (text += piece.toString()));
    request.on('end', () => response.writeHead(200).end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    text: () => text,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};

describe('what a span may carry', () => {
  it('is what the list names, of the shape it says; all else is refused and counted', () => {
    expect(
      cleanAttributes({
        'medshare.institution': 'harbor',
        'medshare.count': 3,
        'http.route': '/fhir/:type/:id',
        'error.type': 'view.stale',
        'url.full': `/fhir/Patient?name=${secret}`,
        'medshare.role': secret,
        'medshare.record': secret,
      }),
    ).toEqual({
      'medshare.institution': 'harbor',
      'medshare.count': 3,
      'http.route': '/fhir/:type/:id',
      'error.type': 'view.stale',
      'medshare.refused': 3,
    });
  });

  it('is nothing unknown, whatever is given', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (given) => {
        const kept = cleanAttributes({ ...given, [`x.${secret}`]: 1, 'exception.message': secret, toString: secret });
        expect(Object.keys(kept).filter((name) => name !== 'medshare.refused')).toEqual([]);
      }),
    );
  });

  it('names of steps are those of the code', () => {
    const good = ['process record.sealed', 'call access.decide-ask', 'GET /fhir/:type/:id', 'anchor', 'POST'];
    expect(good.map(cleanName)).toEqual(good);
    expect([secret, 'call Mei Lin', 'GET /fhir/Patient?name=Mei', 'x'.repeat(500)].map(cleanName)).toEqual(
      Array(4).fill('unnamed'),
    );
  });
});

describe('a traceparent', () => {
  it('is version 00 of W3C Trace Context or none', () => {
    const good = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(readTraceparent(good)).toMatchObject({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 });
    const bad = [
      `01${good.slice(2)}`,
      good.toUpperCase(),
      `${good}-x`,
      `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
      '',
      7,
    ];
    expect(bad.map(readTraceparent)).toEqual(bad.map(() => undefined));
  });
});

describe('tracing', () => {
  it('that is off does the work and says nothing', async () => {
    const seen = await traced('receive', { institution: 'off' }, {}, () => Promise.resolve(currentTraceparent()));
    expect(seen).toBeUndefined();
  });

  it('goes out over a socket through one gate, whoever made the span; logs name the trace', async () => {
    const collector = await collect();
    const exported: [number, boolean][] = [];
    const { endpoint } = collector;
    const end = startTracing({
      institution: 'harbor',
      region: 'east',
      version: '1',
      endpoint,
      samplingRatio: 1,
      onExport: (...one) => exported.push(one),
    });
    let line = '';
    const stream = new Writable({ write: (chunk: Buffer, _, done) => ((line += chunk.toString()), done()) });
    const logger = createLogger({ role: 'vault', institution: 'harbor', stream });
    const askId = '0b0f3f63-5f6f-4f43-8b1c-0d6b2b5a7c11';
    const inside = await traced(
      'ask',
      { institution: 'harbor', role: 'reader' },
      { as: askTraceparent(askId) },
      async () => {
        logger.info({}, 'said');
        // as an instrumentation or a careless hand would
        const span = trace.getActiveSpan()!;
        span.setAttribute('patient.name', secret).addEvent(secret, { secret }).setStatus({ code: 2, message: secret });
        span.recordException(new Error(secret));
        linkStep(`00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`);
        expect(outsideSteps(currentTraceparent)).toBeUndefined();
        await traced('decide', { institution: 'harbor' }, {}, () => Promise.reject(problem('view.stale'))).catch(
          () => 0,
        );
        return currentTraceparent();
      },
    );
    await end();
    await collector.close();
    expect(inside).toBe(askTraceparent(askId));
    expect(JSON.parse(line)).toMatchObject({ trace_id: inside!.split('-')[1], span_id: inside!.split('-')[2] });
    expect(collector.text()).not.toContain(secret);
    for (const part of ['"decide"', '"view.stale"', '"medshare.refused"', 'c'.repeat(32), inside!.split('-')[1]!])
      expect(collector.text()).toContain(part);
    expect(exported).toEqual([[2, true]]);
  });

  it('never stands in the way: a collector that is away costs spans only, and says so', async () => {
    const lost: boolean[] = [];
    const end = startTracing({
      institution: 'lakeside',
      region: 'east',
      version: '1',
      endpoint: 'http://127.0.0.1:9/v1/traces',
      samplingRatio: 1,
      onExport: (_, taken) => lost.push(taken),
    });
    expect(await traced('open', { institution: 'lakeside' }, {}, () => Promise.resolve(7))).toBe(7);
    await end();
    expect(lost).toEqual([false]);
  }, 30_000);
});
