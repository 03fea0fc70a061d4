export { peerHandlerRoutes, PeerHandler, PeersOnly, Caller } from './peer-handler.js';
export { listenPeers, separatePeers, type ListenOptions, type PeerListener } from './listen.js';
export { ProblemFilter } from './problem-filter.js';
export { JsonBody } from './json-body.js';
