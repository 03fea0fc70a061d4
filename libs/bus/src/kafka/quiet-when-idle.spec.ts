import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import './quiet-when-idle.js';

interface Queue {
  checkPendingRequests(): void;
  maybeThrottle(ms: number): void;
  push(request: { entry: { correlationId: number }; expectResponse: boolean; sendRequest(): void }): void;
  destroy(): void;
}
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => Queue;

describe('a connection of kafkajs', () => {
  const logger = { debug: () => undefined };
  let queue: Queue;
  beforeEach(() => void (queue = new RequestQueue({ requestTimeout: 1_000, logger })));
  afterEach(() => queue.destroy());

  it('is left alone while nothing waits on it', () => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    queue.checkPendingRequests();
    expect(timers).not.toHaveBeenCalled();
    timers.mockRestore();
  });

  it('sends what waited for the end of a throttling', async () => {
    const sent: number[] = [];
    queue.maybeThrottle(30);
    for (const correlationId of [1, 2])
      queue.push({ entry: { correlationId }, expectResponse: true, sendRequest: () => void sent.push(correlationId) });
    expect(sent).toEqual([]);
    await sleep(100);
    expect(sent).toEqual([1, 2]);
  });
});
