import type { LoggerService } from '@nestjs/common';
import type { Logger, LogLevel } from './logger.js';

const textOf = (message: unknown, otherwise: string): string => (typeof message === 'string' ? message : otherwise);

/** Nest calls with (message, …, context), and for errors (message or error, stack?, context). */
const contextOf = (rest: readonly unknown[]): Record<string, unknown> => {
  const last = rest.at(-1);
  return typeof last === 'string' && !last.includes('\n') ? { component: last } : {};
};

/** Nest's own lines through ours. What was thrown is logged without its message; text that comes with a stack is such a message. */
export const nestLogger = (logger: Logger): LoggerService => {
  const say =
    (level: LogLevel) =>
    (message: unknown, ...rest: unknown[]) =>
      logger[level](
        { ...contextOf(rest), ...(typeof message === 'object' && { err: message }) },
        textOf(message, 'thrown'),
      );
  const fail =
    (level: 'error' | 'fatal') =>
    (message: unknown, ...rest: unknown[]) => {
      const stack = rest.find((part) => typeof part === 'string' && /\n\s+at /.test(part));
      const err = typeof message === 'object' ? message : stack === undefined ? undefined : { name: 'Error', stack };
      logger[level]({ ...contextOf(rest), err }, err === undefined ? textOf(message, 'failed') : 'thrown');
    };
  return {
    log: say('info'),
    warn: say('warn'),
    debug: say('debug'),
    verbose: say('debug'),
    error: fail('error'),
    fatal: fail('fatal'),
  };
};
