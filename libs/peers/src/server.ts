import { createServer, type Server } from 'node:https';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@medshare/clock';
import { asProblem, problem, toProblemJson, type Problem } from '@medshare/problems';
import { checkAuthorities, checkCredentials, identityOf, splitPem, verifyPeer } from './certificate.js';
import type { Authorities, Peer } from './peer.js';

export interface PeerServerOptions {
  key: string;
  cert: string;
  trustedAuthorities: Authorities;
  /** An Express application or a plain listener; reached only by verified peers. */
  handler: RequestListener;
  clock: Clock;
  /** Told of every refused request. */
  onRefused?: (refusal: Problem) => void;
}

/** Connections at most; further ones are closed at once. */
const maxConnections = 1024;
/** Milliseconds for all headers of a request, and for a whole request. */
const headersTimeout = 10_000;
const requestTimeout = 60_000;

/** Filled only here, from the connection itself: nothing that a request carries can put it there. */
const callers = new WeakMap<IncomingMessage, { peer: Peer; self: string }>();

/**
 * HTTPS server that answers members only. TLS completes with any certificate so that a stranger is told
 * `peer.untrusted` instead of seeing a broken connection; nothing of such a request reaches the handler.
 */
export function createPeerServer(options: PeerServerOptions): Server {
  const { key, cert, trustedAuthorities, handler, clock, onRefused } = options;
  checkCredentials(options);
  checkAuthorities(trustedAuthorities);
  const { institution: self } = identityOf(cert);
  const ca = [...trustedAuthorities.values()].flatMap(splitPem);
  const tls = { key, cert, ca, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: false } as const;
  const server = createServer({ ...tls, headersTimeout, requestTimeout }, (req, res) => {
    try {
      callers.set(req, { peer: verifiedPeer(req.socket as TLSSocket, trustedAuthorities, clock.now()), self });
    } catch (caught) {
      const refusal = asProblem(caught);
      onRefused?.(refusal);
      return refuse(res, refusal);
    }
    void handler(req, res);
  });
  server.maxConnections = maxConnections;
  return server;
}

/** How long a judgement of a connection's certificate holds at most, ms. */
const judgementHolds = 10_000;
const judged = new WeakMap<TLSSocket, { peer: Peer; from: number; until: number }>();

/** Judged again and again, since a connection may outlive its certificate; never held past the certificate's own end. */
function verifiedPeer(socket: TLSSocket, authorities: Authorities, now: number): Peer {
  const known = judged.get(socket);
  if (known && socket.authorized && known.from <= now && now < known.until) return known.peer;
  const certificate = socket.getPeerX509Certificate();
  if (!socket.authorized || certificate === undefined)
    throw problem('peer.untrusted', { detail: "no valid certificate of a member's authority" });
  const peer = verifyPeer(certificate.raw, authorities, now);
  judged.set(socket, { peer, from: now, until: Math.min(now + judgementHolds, Date.parse(certificate.validTo)) });
  return peer;
}

function refuse(res: ServerResponse, refusal: Problem): void {
  res.writeHead(refusal.status, { 'content-type': 'application/problem+json', connection: 'close' });
  res.end(JSON.stringify(toProblemJson(refusal)));
}

/** Who sent a request. @throws Problem peer.untrusted for a request that did not come over a peer server */
export function peerOf(req: IncomingMessage): Peer {
  return callerOf(req).peer;
}

/** The institution whose peer server a request came to. @throws Problem peer.untrusted as {@link peerOf} */
export function selfOf(req: IncomingMessage): string {
  return callerOf(req).self;
}

/** @returns whether a request came over a peer server */
export const isPeerRequest = (req: IncomingMessage): boolean => callers.has(req);

function callerOf(req: IncomingMessage): { peer: Peer; self: string } {
  const caller = callers.get(req);
  if (!caller) throw problem('peer.untrusted', { detail: 'not a request of a peer' });
  return caller;
}
