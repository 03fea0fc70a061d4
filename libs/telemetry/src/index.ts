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
export { nestLogger } from './nest-logger.js';
