export { allowedFields, cleanFields, loggedError } from './log-fields.js';
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.js';
export {
  createMetrics,
  createMetricsRegistry,
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type LabelValues,
  type Metrics,
  type MetricsRegistry,
} from './metrics.js';
export { askTraceparent } from './ask-trace.js';
export { nestLogger } from './nest-logger.js';
export {
  beginStep,
  currentTraceparent,
  isInStep,
  isTraced,
  linkStep,
  outsideSteps,
  traced,
  type Place,
  type Step,
  type StepOptions,
} from './tracing.js';
export { readTraceparent } from './traceparent.js';
