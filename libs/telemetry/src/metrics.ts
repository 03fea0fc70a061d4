import type { Attributes, Meter } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { problem } from '@medshare/problems';

/** label → the values it may have; any other becomes `other`, so that no id and no content turns into a label */
export type LabelValues = Readonly<Record<string, readonly string[]>>;
export type Labels<L extends LabelValues> = { readonly [K in keyof L]?: string };

export interface Counter<L extends LabelValues = LabelValues> {
  add(n?: number, labels?: Labels<L>): void;
}
export interface Histogram<L extends LabelValues = LabelValues> {
  record(value: number, labels?: Labels<L>): void;
}
export interface Gauge<L extends LabelValues = LabelValues> {
  set(value: number, labels?: Labels<L>): void;
}

/** Names are `medshare_<name>` with the unit at the end (`_seconds`, `_bytes`); a counter's gets `_total`. */
export interface Metrics {
  counter<L extends LabelValues = Record<never, never>>(name: string, help: string, labels?: L): Counter<L>;
  histogram<L extends LabelValues = Record<never, never>>(
    name: string,
    help: string,
    labels?: L,
    buckets?: readonly number[],
  ): Histogram<L>;
  gauge<L extends LabelValues = Record<never, never>>(name: string, help: string, labels?: L): Gauge<L>;
  /** Prometheus' text format, version 0.0.4 */
  expose(): Promise<string>;
}

/** Several roles of one process under one page of metrics. */
export interface MetricsRegistry {
  forRole(role: string): Metrics;
  /** The series that the page may have, by name, with their labels: one is on it only from its first value on. */
  series(): ReadonlyMap<string, LabelValues>;
  expose(): Promise<string>;
}

const prefix = 'medshare';

/** seconds, from 1 ms to 30 s */
const DEFAULT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** collects when asked */
class PullReader extends MetricReader {
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }

  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a kind of metric adds to its name on the page. */
const suffixes = { counter: ['_total'], histogram: ['_bucket', '_sum', '_count'], gauge: [''] };
type Kind = keyof typeof suffixes;

const checkName = (name: string): string => {
  if (/^[a-z][a-z0-9_]{0,79}$/.test(name)) return name;
  throw problem('config.invalid', { where: name.slice(0, 80), detail: 'a metric is a-z, 0-9 and _' });
};

/** every declared label is always there, so that a series never changes its shape */
const bound = (role: string, allowed: LabelValues) => {
  Object.keys(allowed).forEach(checkName);
  return (given: Readonly<Record<string, string | undefined>> = {}): Attributes => {
    const attributes: Attributes = { role };
    for (const [label, values] of Object.entries(allowed)) {
      const value = given[label];
      attributes[label] = value !== undefined && values.includes(value) ? value : 'other';
    }
    return attributes;
  };
};

type Declare = (kind: Kind, name: string, labels: LabelValues | undefined) => string;

const metricsOf = (meter: Meter, role: string, declare: Declare, expose: () => Promise<string>): Metrics => ({
  counter(name, help, labels) {
    const counter = meter.createCounter(declare('counter', name, labels), { description: help });
    const attributes = bound(role, labels ?? {});
    return { add: (n = 1, given) => counter.add(n, attributes(given)) };
  },
  histogram(name, help, labels, buckets = DEFAULT_BUCKETS) {
    const advice = { explicitBucketBoundaries: [...buckets] };
    const histogram = meter.createHistogram(declare('histogram', name, labels), { description: help, advice });
    const attributes = bound(role, labels ?? {});
    return { record: (value, given) => histogram.record(value, attributes(given)) };
  },
  gauge(name, help, labels) {
    const gauge = meter.createGauge(declare('gauge', name, labels), { description: help });
    const attributes = bound(role, labels ?? {});
    return { set: (value, given) => gauge.record(value, attributes(given)) };
  },
  expose,
});

export const createMetricsRegistry = (): MetricsRegistry => {
  const reader = new PullReader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter(prefix);
  const serializer = new PrometheusSerializer(prefix, false, undefined, true, true);
  const series = new Map<string, LabelValues>();
  const declare: Declare = (kind, name, labels) => {
    for (const suffix of suffixes[kind]) series.set(`${prefix}_${checkName(name)}${suffix}`, labels ?? {});
    return name;
  };
  const expose = async () => serializer.serialize((await reader.collect()).resourceMetrics);
  return { forRole: (role) => metricsOf(meter, role, declare, expose), series: () => series, expose };
};

/** The metrics of one role, on a page of their own. */
export const createMetrics = (role: string): Metrics => createMetricsRegistry().forRole(role);
