export {
  createAuthority,
  issueCertificate,
  openAuthority,
  type Authority,
  type CertificateRequest,
} from './authority.js';
export { firstExpiry, splitPem, verifyPeer } from './certificate.js';
export type { Authorities, Credentials, Peer } from './peer.js';
export { Peers, type PeersOptions, type PeerUrls } from './peers.js';
export { RemoteProblem } from './remote-problem.js';
export { createPeerServer, peerOf, selfOf, type PeerServerOptions } from './server.js';
