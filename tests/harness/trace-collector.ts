import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP/HTTP brings it (opentelemetry-proto 1.x, JSON), with its attributes as a record. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  /** ms */
  start: number;
  end: number;
  instance: string;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
}

interface Raw {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: { key: string; value: Record<string, unknown> }[];
  links?: { traceId: string; spanId: string }[];
}
export interface TracesBody {
  resourceSpans: { resource: { attributes: Raw['attributes'] }; scopeSpans: { spans: Raw[] }[] }[];
}

const recordOf = (attributes: Raw['attributes'] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

export const spansOf = (body: TracesBody): CollectedSpan[] =>
  body.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        name: span.name,
        start: Number(BigInt(span.startTimeUnixNano) / 1000n) / 1000,
        end: Number(BigInt(span.endTimeUnixNano) / 1000n) / 1000,
        instance: String(recordOf(resource.attributes)['service.instance.id']),
        attributes: recordOf(span.attributes),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
      })),
    ),
  );

/** The smallest collector: takes what OTLP/HTTP exporters send to a socket, and keeps it. */
export async function collectTraces() {
  const bodies: Buffer[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces));
      headers.push(request.headers);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    /** all that came, as it came */
    bodies: (): readonly Buffer[] => bodies,
    headers: () => headers,
    spans: (): CollectedSpan[] => bodies.flatMap((body) => spansOf(JSON.parse(body.toString()) as TracesBody)),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type TraceCollector = Awaited<ReturnType<typeof collectTraces>>;
