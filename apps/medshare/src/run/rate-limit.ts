import { createHash } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Clock } from '@medshare/clock';
import { problem, toProblemJson } from '@medshare/problems';

const windowMs = 60_000;
/** Callers remembered in one window; past it the oldest is forgotten. */
const maxCallers = 10_000;
/** What a platform asks of a process is not counted. */
const uncounted = /^\/(health\/|metrics$|peer\/|internal\/)/;

/** Refuses a caller's requests past so many a minute: 429 with Retry-After. A caller is a token, else an address. */
export function rateLimit(perMinute: number, clock: Clock) {
  let began = clock.now();
  let counts = new Map<string, number>();
  return (req: Request, res: Response, next: NextFunction): void => {
    if (uncounted.test(req.path)) return next();
    const now = clock.now();
    if (now - began >= windowMs) [began, counts] = [now, new Map()];
    const caller = callerOf(req);
    const count = (counts.get(caller) ?? 0) + 1;
    counts.set(caller, count);
    if (counts.size > maxCallers) counts.delete(counts.keys().next().value ?? '');
    if (count <= perMinute) return next();
    const refused = problem('request.rate-limited', { detail: `at most ${perMinute} a minute` });
    res.setHeader('retry-after', String(Math.ceil((began + windowMs - now) / 1000)));
    res
      .status(refused.status)
      .type('application/problem+json')
      .send(JSON.stringify(toProblemJson(refused)));
  };
}

const callerOf = (req: Request): string =>
  req.headers.authorization
    ? createHash('sha256').update(req.headers.authorization).digest('base64url')
    : (req.socket.remoteAddress ?? '');
