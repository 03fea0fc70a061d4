import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Logger } from '@medshare/telemetry';
import type { IngestMetrics } from '../ingest-metrics.js';
import type { ReceiveHl7v2 } from '../receive-hl7v2.js';
import { MllpConnection, type MllpLimits } from './mllp-connection.js';

export interface MllpServerOptions extends MllpLimits {
  readonly host: string;
  /** 0 takes any free one */
  readonly port: number;
  readonly maxConnections: number;
}

/** How long senders get to take their last answers, ms. */
const graceMs = 5_000;

/** HL7 v2 over MLLP (release 1, original mode) on TCP. */
export class MllpServer {
  private readonly connections = new Map<Socket, MllpConnection>();
  private readonly server: Server;

  constructor(
    private readonly options: MllpServerOptions,
    private readonly receive: ReceiveHl7v2,
    private readonly metrics: IngestMetrics,
    private readonly logger: Logger,
  ) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.connect(socket));
    this.server.maxConnections = options.maxConnections;
    this.server.on('drop', () => metrics.droppedConnection());
  }

  /** The port in use. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(port, host, resolve);
    });
    this.server.on('error', () => this.logger.error({}, 'the MLLP listener failed'));
    this.logger.info({ host, port: this.port }, 'MLLP is listening');
  }

  /** Finishes what was read, takes nothing new. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    await Promise.all([...this.connections.values()].map((connection) => connection.stop(graceMs)));
    await closed;
  }

  private connect(socket: Socket): void {
    this.connections.set(socket, new MllpConnection(socket, this.receive, this.options));
    this.metrics.connections(this.connections.size);
    socket.once('close', () => {
      this.connections.delete(socket);
      this.metrics.connections(this.connections.size);
    });
  }
}
