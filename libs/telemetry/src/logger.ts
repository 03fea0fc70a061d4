import { pino, type DestinationStream } from 'pino';
import { cleanFields } from './log-fields.js';
import { logFieldsOfStep } from './tracing.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Writes one line. The message is a fixed text; what varies goes into fields, of which only allowed ones are written. */
type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface Logger extends Readonly<Record<LogLevel, Write>> {
  /** the same, with fields in every line */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

export interface LoggerOptions {
  readonly role: string;
  readonly institution: string;
  /** default `info`; `silent` writes nothing */
  readonly level?: LogLevel | 'silent';
  /** default: standard output */
  readonly stream?: DestinationStream;
}

const LONGEST_MESSAGE = 512;

const wrap = (to: pino.Logger): Logger => {
  const write =
    (level: LogLevel): Write =>
    (fields, message) =>
      to[level](cleanFields(fields), '%s', message.slice(0, LONGEST_MESSAGE));
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (fields) => wrap(to.child(cleanFields(fields))),
  };
};

/** JSON lines with role, institution, ISO time and level by name. Unknown fields, objects and errors' messages never get out. */
export const createLogger = ({ role, institution, level = 'info', stream }: LoggerOptions): Logger => {
  const options = {
    level,
    base: { role, institution },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => logFieldsOfStep() ?? {},
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(stream ? pino(options, stream) : pino(options));
};
