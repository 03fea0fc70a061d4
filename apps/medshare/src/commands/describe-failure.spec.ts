import { problem } from '@medshare/problems';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describeFailure, problemText } from './describe-failure.js';

const thrownBy = (work: () => Promise<unknown>): Promise<unknown> =>
  work().then(
    () => undefined,
    (caught: unknown) => caught,
  );

describe('a failure', () => {
  it('that is a problem stays what it is', () => {
    expect(problemText(describeFailure(problem('access.denied', { where: 'harbor' })))).toBe(
      'access.denied: harbor: The policy denies',
    );
  });

  it('of fetch is told with its address', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const failure = describeFailure(await thrownBy(() => fetch(`http://127.0.0.1:${port}/`)));
    expect(problemText(failure)).toMatch(
      new RegExp(`^peer\\.unavailable: 127\\.0\\.0\\.1:${port}: nothing listens there`),
    );
  });

  it('of a port that is taken says what to do', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const second = createServer().listen((first.address() as AddressInfo).port, '127.0.0.1');
    const [caught] = (await once(second, 'error')) as [unknown];
    first.close();
    expect(problemText(describeFailure(caught))).toMatch(/^config\.invalid: 127\.0\.0\.1:\d+: the port is taken/);
  });

  it('that nobody expected keeps its text to itself', () => {
    const text = problemText(describeFailure(new TypeError('Mei Lin is not a function')));
    expect(text).toContain('internal: TypeError');
    expect(text).not.toContain('Mei');
  });
});
