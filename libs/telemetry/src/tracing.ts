import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { asProblem } from '@medshare/problems';
import { cleanAttributes, type SpanAttributes } from './span-attributes.js';
import { readTraceparent, writeTraceparent } from './traceparent.js';

/** Where a step runs: whose collector its span goes to, and what it says of itself. */
export interface Place {
  readonly institution: string;
  readonly role?: string | undefined;
}

export interface StepOptions {
  readonly kind?: 'server' | 'client' | 'producer' | 'consumer';
  /** A traceparent that came with the work; `none` begins a new trace; by default the step around it. */
  readonly parent?: string | undefined;
  /** a traceparent that names this very step, which begins the trace; for traces whose steps know of each other by a name only */
  readonly as?: string | undefined;
  /** traceparents of others that this step serves or continues */
  readonly links?: readonly (string | undefined)[];
  readonly attributes?: SpanAttributes;
  /** ms; default now */
  readonly startTime?: number;
}

/** A step under way. */
export interface Step {
  /** for whoever continues it elsewhere; undefined while tracing is off */
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
  /** what it turned out to be */
  name(name: string): void;
  link(...traceparents: (string | undefined)[]): void;
  /** Runs work inside the step. */
  within<T>(work: () => T): T;
  end(caught?: unknown): void;
}

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};
/** Links of one span at most. */
const mostLinks = 128;

/** by institution; empty while tracing is off, and then a step costs this look-up */
const tracers = new Map<string, Tracer>();

/** Steps of the institution are recorded from now on. @returns what ends that */
export const recordWith = (institution: string, tracer: Tracer): (() => void) => {
  tracers.set(institution, tracer);
  return () => void (tracers.get(institution) === tracer && tracers.delete(institution));
};

export const isTraced = (institution: string): boolean => tracers.has(institution);

const nothing: Step = {
  traceparent: undefined,
  set: () => undefined,
  name: () => undefined,
  link: () => undefined,
  within: (work) => work(),
  end: () => undefined,
};

const linksOf = (traceparents: readonly (string | undefined)[]): Link[] =>
  [...new Set(traceparents)]
    .flatMap((text) => readTraceparent(text) ?? [])
    .slice(0, mostLinks)
    .map((spanContext) => ({ context: spanContext }));

/** The ids that the next step gets instead of random ones; set and taken in one go. */
let named: SpanContext | undefined;
export const takeNamedIds = (): SpanContext | undefined => named;

const contextOf = (parent: string | undefined): Context => {
  if (parent === undefined) return context.active();
  const remote = readTraceparent(parent);
  return remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
};

const stepOf = (span: Span, from: Context): Step => ({
  traceparent: writeTraceparent(span.spanContext()),
  set: (attributes) => void span.setAttributes(cleanAttributes(attributes)),
  name: (name) => void span.updateName(name),
  link: (...traceparents) => void span.addLinks(linksOf(traceparents)),
  within: (work) => context.with(trace.setSpan(from, span), work),
  end(caught) {
    if (caught !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', asProblem(caught).code);
    }
    span.end();
  },
});

/** Begins a step that its caller ends. */
export const beginStep = (name: string, { institution, role }: Place, options: StepOptions = {}): Step => {
  const tracer = tracers.get(institution);
  if (!tracer) return nothing;
  const { kind, as, parent = as && 'none', links = [], attributes = {}, startTime } = options;
  const from = contextOf(parent);
  named = readTraceparent(as);
  const span = tracer.startSpan(
    name,
    {
      ...(kind && { kind: kinds[kind] }),
      ...(startTime !== undefined && { startTime }),
      links: linksOf(links),
      attributes: cleanAttributes({ 'medshare.institution': institution, 'medshare.role': role, ...attributes }),
    },
    from,
  );
  named = undefined;
  return stepOf(span, from);
};

/** Does work as one step of a trace; what it throws is noted by its code and goes on. */
export const traced = async <T>(
  name: string,
  place: Place,
  options: StepOptions,
  work: (step: Step) => Promise<T>,
): Promise<T> => {
  if (!tracers.has(place.institution)) return work(nothing);
  const step = beginStep(name, place, options);
  try {
    const result = await step.within(() => work(step));
    step.end();
    return result;
  } catch (caught) {
    step.end(caught);
    throw caught;
  }
};

/** Whether the running work is a step of a trace. */
export const isInStep = (): boolean => tracers.size > 0 && trace.getSpan(context.active()) !== undefined;

/** The running step, for whoever continues it: in a header, or beside what waits. */
export const currentTraceparent = (): string | undefined => {
  if (tracers.size === 0) return undefined;
  const span = trace.getSpan(context.active());
  return span && writeTraceparent(span.spanContext());
};

/** Work that serves many, or nobody in particular, and must not count as part of whoever set it off. */
export const outsideSteps = <T>(work: () => T): T => (tracers.size === 0 ? work() : context.with(ROOT_CONTEXT, work));

/** Says that the running step serves others too. */
export const linkStep = (...traceparents: (string | undefined)[]): void => {
  if (tracers.size > 0) trace.getSpan(context.active())?.addLinks(linksOf(traceparents));
};

/** What a log line says of the running step. */
export const logFieldsOfStep = (): { trace_id: string; span_id: string } | undefined => {
  const span = tracers.size === 0 ? undefined : trace.getSpan(context.active());
  if (!span) return undefined;
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
};
