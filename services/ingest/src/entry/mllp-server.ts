import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Random } from '@medshare/clock';
import type { Logger } from '@medshare/telemetry';
import type { Ingest } from '../assemble-ingest.js';
import type { MllpServerTls } from '../ingest.config.js';
import type { IngestMetrics } from '../ingest-metrics.js';
import { MllpConnection, type MllpLimits } from './mllp-connection.js';
import { TlsListener } from './tls-listener.js';

export interface MllpServerOptions extends MllpLimits {
  readonly host: string;
  /** 0 takes any free one */
  readonly port: number;
  readonly maxConnections: number;
  readonly tls?: MllpServerTls | undefined;
}

interface Parts {
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  readonly random: Random;
}

/** How long senders get to take their last answers, ms. */
const graceMs = 5_000;

/** HL7 v2 over MLLP (release 1; original and enhanced mode) on TCP, or on TLS only. */
export class MllpServer {
  private readonly connections = new Map<Socket, MllpConnection>();
  private server: Server | undefined;
  private tls: TlsListener | undefined;

  constructor(
    private readonly options: MllpServerOptions,
    private readonly ingest: Pick<Ingest, 'receiveFrame' | 'channels'>,
    private readonly parts: Parts,
  ) {}

  /** The port in use. */
  get port(): number {
    return (this.server?.address() as AddressInfo).port;
  }

  /** @throws Problem config.invalid when certificates cannot be used */
  async listen(): Promise<void> {
    const { host, port, tls, maxConnections } = this.options;
    const { logger, metrics } = this.parts;
    if (tls) this.tls = await TlsListener.open(tls, this.parts, (socket, client) => this.connect(socket, client));
    const server = this.tls?.server ?? createServer({ allowHalfOpen: true }, (socket) => this.connect(socket));
    this.server = server;
    server.maxConnections = maxConnections;
    server.on('drop', () => metrics.droppedConnection());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve);
    });
    server.on('error', () => logger.error({}, 'the MLLP listener failed'));
    logger.info({ host, port: this.port }, tls ? 'MLLP is listening, TLS only' : 'MLLP is listening');
  }

  /** Takes certificates that changed on the disk; done by itself from time to time. */
  async renewCertificates(): Promise<void> {
    await this.tls?.renew();
  }

  /** Finishes what was read, takes nothing new. */
  async stop(): Promise<void> {
    this.tls?.stop();
    const closed = new Promise<void>((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
    await Promise.all([...this.connections.values()].map((connection) => connection.stop(graceMs)));
    this.tls?.cut();
    await closed;
  }

  private connect(socket: Socket | TLSSocket, client?: readonly string[]): void {
    const { receiveFrame, channels } = this.ingest;
    const id = this.parts.random.uuid();
    const origin = { via: 'mllp', connection: id, client } as const;
    const connection = new MllpConnection(socket, receiveFrame, this.options, origin);
    this.connections.set(socket, connection);
    channels.add(id, connection);
    this.parts.metrics.connections(this.connections.size);
    socket.once('close', () => {
      channels.remove(id);
      this.connections.delete(socket);
      this.parts.metrics.connections(this.connections.size);
    });
  }
}
