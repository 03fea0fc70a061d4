import { context, diag } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resources, tracing } from '@opentelemetry/sdk-node';
import { AllowedSpans, type Exported } from './allowed-spans.js';
import { recordWith, takeNamedIds } from './tracing.js';

export interface TracingOptions {
  readonly institution: string;
  readonly region: string;
  readonly version: string;
  /** where an OTLP/HTTP collector takes traces, e.g. `http://collector:4318/v1/traces` */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Share of traces that are recorded, 0–1. The trace's id decides, so that all with the same ratio record the same ones. */
  readonly samplingRatio: number;
  /** told how many spans went out, and how many did not */
  readonly onExport?: Exported;
}

const { resourceFromAttributes } = resources;
const { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, RandomIdGenerator, TraceIdRatioBasedSampler } =
  tracing;

/** ms: between two exports, and for one of them */
const every = 1_000;
const patience = 5_000;
/** Spans that wait at most; past it they are lost and work goes on. */
const mostWaiting = 4_096;

const random = new RandomIdGenerator();
const ids = {
  generateTraceId: () => takeNamedIds()?.traceId ?? random.generateTraceId(),
  generateSpanId: () => takeNamedIds()?.spanId ?? random.generateSpanId(),
};

/** Records one institution's steps and sends them to its collector. @returns what sends the rest and ends it */
export const startTracing = (options: TracingOptions): (() => Promise<void>) => {
  diag.disable();
  // one for all institutions of a process; a second one is refused and not needed
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new OTLPTraceExporter({
    url: options.endpoint,
    headers: { ...options.headers },
    timeoutMillis: patience,
  });
  const ratio = new TraceIdRatioBasedSampler(options.samplingRatio);
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'medshare',
      'service.namespace': options.region,
      'service.instance.id': options.institution,
      'service.version': options.version,
    }),
    idGenerator: ids,
    sampler: new ParentBasedSampler({ root: ratio, remoteParentSampled: ratio }),
    spanProcessors: [
      new BatchSpanProcessor(new AllowedSpans(exporter, options.onExport), {
        maxQueueSize: mostWaiting,
        scheduledDelayMillis: every,
        exportTimeoutMillis: patience,
      }),
    ],
  });
  const forget = recordWith(options.institution, provider.getTracer('medshare'));
  return async () => {
    forget();
    await provider.shutdown().catch(() => undefined);
  };
};
