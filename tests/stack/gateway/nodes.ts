import { credentials, type ChannelOptions } from '@grpc/grpc-js';
import { discovery, orderer, peer } from '@hyperledger/fabric-protos';

/** A peer or an orderer, by where it is. */
export interface NodeAddress {
  readonly address: string;
  readonly mspId: string;
  /** authorities of its TLS certificate, PEM */
  readonly tlsAuthorities: string;
}

/** largest message, bytes: as Fabric's own servers take it */
export const messageBytes = 100 * 1024 * 1024;
const options: ChannelOptions = {
  'grpc.max_receive_message_length': messageBytes,
  'grpc.max_send_message_length': messageBytes,
  // a node that has come back is used at once
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
};

export class PeerNode {
  readonly address: string;
  readonly mspId: string;
  readonly endorser: peer.EndorserClient;
  readonly deliver: peer.DeliverClient;
  readonly discovery: discovery.DiscoveryClient;

  constructor({ address, mspId, tlsAuthorities }: NodeAddress, shown?: { key: string; certificate: string }) {
    this.address = address;
    this.mspId = mspId;
    const secured = credentials.createSsl(
      Buffer.from(tlsAuthorities),
      shown ? Buffer.from(shown.key) : null,
      shown ? Buffer.from(shown.certificate) : null,
    );
    this.endorser = new peer.EndorserClient(address, secured, options);
    const onSame = { ...options, channelOverride: this.endorser.getChannel() };
    this.deliver = new peer.DeliverClient(address, secured, onSame);
    this.discovery = new discovery.DiscoveryClient(address, secured, onSame);
  }

  /** @returns why nobody answers there, or undefined */
  async whyAway(withinMs: number): Promise<string | undefined> {
    return new Promise((done) =>
      this.endorser.waitForReady(Date.now() + withinMs, (error) => done(error ? error.message : undefined)),
    );
  }
}

export class OrdererNode {
  readonly address: string;
  readonly mspId: string;
  readonly broadcast: orderer.AtomicBroadcastClient;

  constructor({ address, mspId, tlsAuthorities }: NodeAddress) {
    this.address = address;
    this.mspId = mspId;
    this.broadcast = new orderer.AtomicBroadcastClient(
      address,
      credentials.createSsl(Buffer.from(tlsAuthorities)),
      options,
    );
  }
}

/** Connections, kept while address and authorities stay the same. */
export class Nodes<N> {
  readonly #made = new Map<string, N>();
  readonly #make: (at: NodeAddress) => N;

  constructor(make: (at: NodeAddress) => N) {
    this.#make = make;
  }

  at(where: NodeAddress): N {
    const key = `${where.address} ${where.mspId} ${where.tlsAuthorities}`;
    const node = this.#made.get(key) ?? this.#make(where);
    this.#made.set(key, node);
    return node;
  }
}
