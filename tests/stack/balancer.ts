import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Connections are passed on, byte for byte, to whichever of several processes answers: what a Kubernetes Service does. */
export class Balancer {
  private readonly open = new Set<Socket>();
  private next = 0;

  private constructor(
    private readonly server: Server,
    private readonly ports: readonly number[],
  ) {}

  /** @param ports on 127.0.0.1, taken in turn; one that refuses is passed over */
  static async before(ports: readonly number[]): Promise<Balancer> {
    const server = createServer();
    const balancer = new Balancer(server, ports);
    server.on('connection', (socket) => void balancer.pass(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return balancer;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.open) socket.destroy();
    await closed;
  }

  private async pass(socket: Socket): Promise<void> {
    this.keep(socket).pause();
    const first = (this.next += 1);
    for (let n = 0; n < this.ports.length; n += 1) {
      const port = this.ports[(first + n) % this.ports.length]!;
      const onward = await connected(port).catch(() => undefined);
      if (!onward) continue;
      this.keep(onward);
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        one.pipe(other);
        one.on('close', () => other.destroy());
      }
      return;
    }
    socket.destroy();
  }

  private keep(socket: Socket): Socket {
    this.open.add(socket);
    socket.on('error', () => undefined);
    return socket.once('close', () => this.open.delete(socket));
  }
}

const connected = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
