import { Discovery } from './discover.js';
import { PeerNode } from './nodes.js';
import { OwnIdentity } from './own-identity.js';

/** What the stand-in is configured with; certificates and keys are PEM texts. */
export interface OwnSettings {
  readonly mspId: string;
  readonly identity: { readonly certificate: string; readonly key: string };
  readonly tls: { readonly certificate: string; readonly key: string };
  readonly peer: { readonly address: string; readonly tlsAuthority: string };
}

/** A call to one peer or orderer takes no longer, ms (core.yaml peer.gateway, as the stack sets it). */
const callMs = 30_000;

/** The peer that this Gateway would be a part of, and what it sees. */
export class Own {
  readonly mspId: string;
  readonly identity: OwnIdentity;
  readonly peer: PeerNode;
  readonly discovery: Discovery;

  constructor({ mspId, identity, tls, peer }: OwnSettings) {
    this.mspId = mspId;
    this.identity = new OwnIdentity({ mspId, ...identity, tlsCertificate: tls.certificate });
    this.peer = new PeerNode({ address: peer.address, mspId, tlsAuthorities: peer.tlsAuthority }, tls);
    this.discovery = new Discovery(this.peer, this.identity);
  }

  /** @param deadline of the client, ms since the epoch */
  within(deadline: number): number {
    return Math.min(deadline, Date.now() + callMs);
  }
}
