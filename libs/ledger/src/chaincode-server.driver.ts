import { Server } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { systemClock } from '@medshare/clock';
import { problem } from '@medshare/problems';
import type { HostLimits, HostSettings } from './chaincode-host/serve-peer.js';
import { servePeer, type PeerStream } from './chaincode-host/serve-peer.js';
import { ShownCertificate, type ChaincodeTls } from './chaincode-host/shown-certificate.js';

export type { ChaincodeTls } from './chaincode-host/shown-certificate.js';

export interface ChaincodeServerOptions extends Pick<HostSettings, 'chaincode' | 'bundle' | 'packageId'> {
  /** `host:port`; port 0 takes any free one. */
  readonly address: string;
  readonly tls: ChaincodeTls;
  readonly clock?: HostSettings['clock'];
  readonly limits?: Partial<HostLimits>;
  readonly onFault?: HostSettings['onFault'];
}

export interface ChaincodeServer {
  readonly port: number;
  /**
   * Shows another certificate, and asks for those of other authorities, from the next connection on; those that stand are not broken.
   * @throws `config.invalid` that names what does not hold; the old goes on
   */
  renew(tls: ChaincodeTls): void;
  /** Ends the streams of peers; executions under way are not endorsed. */
  close(): Promise<void>;
}

const defaultLimits: HostLimits = { executeMs: 20_000, executions: 256 };
/** Largest message either way, bytes: a page of a range, or a batch of anchors. */
const messageBytes = 32 * 1024 * 1024;

/**
 * Serves the chaincode to an organisation's peers as Hyperledger Fabric's "chaincode as an external service": the peer connects, over
 * mutual TLS, and nobody else can.
 *
 * @throws `config.invalid` when the address cannot be listened on, or key, certificate or authorities are none
 */
export async function serveChaincode(options: ChaincodeServerOptions): Promise<ChaincodeServer> {
  const { chaincode, bundle, packageId, clock = systemClock, onFault = () => undefined } = options;
  const settings = { chaincode, bundle, packageId, clock, onFault, limits: { ...defaultLimits, ...options.limits } };
  const server = new Server({
    'grpc.max_receive_message_length': messageBytes,
    'grpc.max_send_message_length': messageBytes,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_permit_without_calls': 1,
  });
  server.addService(peer.ChaincodeService, { connect: (stream: PeerStream) => servePeer(stream, settings) });
  const shown = new ShownCertificate(options.tls);
  const port = await bind(server, options.address, shown.credentials);
  return {
    port,
    renew: (tls) => shown.renew(tls),
    close: () =>
      new Promise((resolve) => {
        server.forceShutdown();
        resolve();
      }),
  };
}

const bind = (server: Server, address: string, credentials: ShownCertificate['credentials']): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(problem('config.invalid', { where: 'listen', detail: `cannot listen on ${address}`, cause: error }));
    }),
  );
