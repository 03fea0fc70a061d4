import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { frameMllp, MllpDecoder } from '@medshare/hl7';
import { problem } from '@medshare/problems';

/** TLS towards a listener; texts are PEM. */
export interface MllpTls {
  /** authorities that are trusted instead of the system's */
  readonly ca?: string | undefined;
  /** the client's own certificate, and its key */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** name that the listener's certificate must carry; default: the host */
  readonly serverName?: string | undefined;
}

export interface MllpAddress {
  readonly host: string;
  readonly port: number;
  readonly tls?: MllpTls | undefined;
}

/** Milliseconds without an acknowledgement after which a connection is given up. */
const ackTimeout = 30_000;
const connectTimeout = 10_000;
/** Bytes of one acknowledgement at most. */
const maxAck = 1024 * 1024;

/** Control ids that are remembered, for application acknowledgements that come later. */
const remembered = 1_000;

interface Waiting {
  readonly controlId: string;
  resolve(ack: Uint8Array): void;
  reject(why: Error): void;
}

/**
 * One MLLP connection of a sender. Acknowledgements come in the order in which messages went; in enhanced mode an application
 * acknowledgement of a message that was accepted may come between them, and answers no other.
 */
export class MllpClient {
  private readonly waiting: Waiting[] = [];
  private readonly decoder = new MllpDecoder(maxAck);
  private readonly accepted = new Set<string>();
  private broken: Error | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly address: MllpAddress,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('timeout', () => this.waiting.length > 0 && this.fail('no acknowledgement in time'));
    socket.on('error', (error) => this.fail('the connection was cut', error));
    socket.on('close', () => this.fail('the connection was closed before an acknowledgement'));
    socket.setTimeout(ackTimeout);
  }

  /** @throws Problem peer.unavailable, peer.untrusted when the other end is not who it must be */
  static async open(address: MllpAddress): Promise<MllpClient> {
    const socket = socketTo(address);
    socket.setTimeout(connectTimeout, () => socket.destroy(new Error('no connection in time')));
    try {
      await once(socket, address.tls ? 'secureConnect' : 'connect');
      socket.removeAllListeners('timeout');
    } catch (cause) {
      const where = placeOf(address);
      if (isDistrust(cause))
        throw problem('peer.untrusted', { where, detail: 'its certificate is not accepted', cause });
      throw problem('peer.unavailable', { where, detail: 'nothing answers there', cause });
    }
    return new MllpClient(socket, address);
  }

  /** @returns the acknowledgement, without its frame @throws Problem peer.unavailable when none came */
  send(message: Uint8Array): Promise<Uint8Array> {
    if (this.broken) return Promise.reject(this.broken);
    return new Promise((resolve, reject) => {
      this.waiting.push({ controlId: idAt(message, /^MSH(.)(?:[^\r\n]*?\1){8}([^\r\n]*?)\1/), resolve, reject });
      this.socket.write(frameMllp(message));
    });
  }

  /** For a message that asks for no acknowledgement. Resolves when the other end's machine has taken it. */
  async tell(message: Uint8Array): Promise<void> {
    if (this.broken) throw this.broken;
    await new Promise<void>((resolve, reject) => {
      this.socket.write(frameMllp(message), (failed) => (failed ? reject(this.broken ?? failed) : resolve()));
    });
  }

  close(): void {
    this.broken ??= problem('peer.unavailable', { where: placeOf(this.address), detail: 'closed' });
    this.socket.end(() => this.socket.destroy());
  }

  private take(chunk: Uint8Array): void {
    for (const output of this.decoder.push(chunk)) {
      if ('problem' in output) return this.fail('what came back is not MLLP');
      this.answer(output.frame);
    }
  }

  private answer(frame: Uint8Array): void {
    const told = idAt(frame, /[\r\n]MSA(.)[A-Z]{2}\1([^\r\n]*?)(?:\1|[\r\n]|$)/);
    if (told !== this.waiting[0]?.controlId && this.accepted.has(told)) return;
    const waiting = this.waiting.shift();
    if (waiting && waiting.controlId !== '') this.accepted.add(waiting.controlId);
    if (this.accepted.size > remembered) this.accepted.delete(this.accepted.values().next().value ?? '');
    waiting?.resolve(frame);
  }

  private fail(detail: string, cause?: unknown): void {
    this.broken ??= problem('peer.unavailable', { where: placeOf(this.address), detail, cause });
    for (const { reject } of this.waiting.splice(0)) reject(this.broken);
    this.socket.destroy();
  }
}

/** A control id as it stands in the bytes. */
const idAt = (bytes: Uint8Array, form: RegExp): string =>
  form.exec(String.fromCharCode(...bytes.subarray(0, 2048)))?.[2] ?? '';

function socketTo({ host, port, tls }: MllpAddress): Socket {
  if (!tls) return connect({ host, port });
  const { ca, cert, key, serverName } = tls;
  const servername = serverName ?? (isIP(host) ? undefined : host);
  return connectTls({
    host,
    port,
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
  });
}

/** OpenSSL's and Node's ways of saying that a certificate does not convince. */
const isDistrust = (caught: unknown): boolean =>
  /CERT|SIGNATURE|ALTNAME|ISSUER/.test(String((caught as { code?: unknown } | null)?.code));

export const placeOf = ({ host, port, tls }: MllpAddress): string => `${tls ? 'mllps' : 'mllp'}://${host}:${port}`;
