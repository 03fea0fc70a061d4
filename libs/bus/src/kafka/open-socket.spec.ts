import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { openSocket } from './open-socket.js';

describe('a connection to a broker that is gone', () => {
  const server = createServer((socket) => socket.destroy());
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => server.close());
  const address = () => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });

  it('waits for nothing, however often it is given up; Node’s own would', async () => {
    for (const [socket, waiting] of [
      [openSocket(address(), () => undefined), 0],
      [connect(address()), 9],
    ] as const) {
      socket.on('error', () => undefined).resume();
      await once(socket, 'close');
      for (let n = 0; n < 9; n += 1) socket.unref();
      expect(socket.listenerCount('connect')).toBe(waiting);
    }
  });
});
