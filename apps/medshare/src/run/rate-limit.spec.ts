import type { NextFunction, Request, Response } from 'express';
import { ManualClock } from '@medshare/testkit';
import { rateLimit } from './rate-limit.js';

const ask = (path: string, authorization?: string): Request =>
  ({ path, headers: { authorization }, socket: { remoteAddress: '127.0.0.1' } }) as unknown as Request;

function statusOf(limit: ReturnType<typeof rateLimit>, request: Request): number {
  let status = 200;
  const response = {
    setHeader: () => undefined,
    status: (code: number) => ((status = code), response),
    type: () => response,
    send: () => response,
  };
  limit(request, response as unknown as Response, (() => undefined) as NextFunction);
  return status;
}

describe('the limit of requests a minute', () => {
  it('counts each caller apart and begins anew after a minute', () => {
    const clock = new ManualClock(0);
    const limit = rateLimit(2, clock);
    const statuses = (count: number, token: string) =>
      Array.from({ length: count }, () => statusOf(limit, ask('/fhir', token)));
    expect(statuses(3, 'a')).toEqual([200, 200, 429]);
    expect(statuses(1, 'b')).toEqual([200]);
    clock.advance(60_000);
    expect(statuses(1, 'a')).toEqual([200]);
  });

  it('never stands in the way of the platform or of peers', () => {
    const limit = rateLimit(1, new ManualClock(0));
    for (const path of ['/health/live', '/metrics', '/peer/ledger/views', '/internal/audit/entries'])
      expect([1, 2, 3].map(() => statusOf(limit, ask(path)))).toEqual([200, 200, 200]);
  });
});
