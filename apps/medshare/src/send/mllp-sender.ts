import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { frameMllp, MllpDecoder } from '@medshare/hl7';
import { problem } from '@medshare/problems';

export interface MllpAddress {
  host: string;
  port: number;
}

/** Milliseconds without an acknowledgement after which a connection is given up. */
const ackTimeout = 30_000;
const connectTimeout = 10_000;
/** Bytes of one acknowledgement at most. */
const maxAck = 1024 * 1024;

interface Waiting {
  resolve(ack: Uint8Array): void;
  reject(why: Error): void;
}

/** One MLLP connection of a sender. Acknowledgements come in the order in which messages went. */
export class MllpSender {
  private readonly waiting: Waiting[] = [];
  private readonly decoder = new MllpDecoder(maxAck);
  private broken: Error | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly address: MllpAddress,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('timeout', () => this.waiting.length > 0 && this.fail('no acknowledgement in time'));
    socket.on('error', () => this.fail('the connection was cut'));
    socket.on('close', () => this.fail('the connection was closed before an acknowledgement'));
    socket.setTimeout(ackTimeout);
  }

  static async open(address: MllpAddress): Promise<MllpSender> {
    const socket = connect(address);
    socket.setTimeout(connectTimeout, () => socket.destroy(new Error('no connection in time')));
    try {
      await once(socket, 'connect');
      socket.removeAllListeners('timeout');
    } catch (cause) {
      const detail = 'nothing answers there; is medshare running? Start it with: medshare up --demo';
      throw problem('peer.unavailable', { where: placeOf(address), detail, cause });
    }
    return new MllpSender(socket, address);
  }

  /** @returns the acknowledgement, without its frame @throws Problem peer.unavailable when none came */
  send(message: Uint8Array): Promise<Uint8Array> {
    if (this.broken) return Promise.reject(this.broken);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(frameMllp(message));
    });
  }

  close(): void {
    this.broken ??= problem('peer.unavailable', { where: placeOf(this.address), detail: 'closed' });
    this.socket.destroy();
  }

  private take(chunk: Uint8Array): void {
    for (const output of this.decoder.push(chunk)) {
      if ('problem' in output) return this.fail('what came back is not MLLP');
      this.waiting.shift()?.resolve(output.frame);
    }
  }

  private fail(detail: string): void {
    this.broken ??= problem('peer.unavailable', { where: placeOf(this.address), detail });
    for (const { reject } of this.waiting.splice(0)) reject(this.broken);
    this.socket.destroy();
  }
}

const placeOf = ({ host, port }: MllpAddress): string => `mllp://${host}:${port}`;
