import type { INestApplication } from '@nestjs/common';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { problem, toProblemJson } from '@medshare/problems';
import { createPeerServer, isPeerRequest, type PeerServerOptions } from './server.js';

export interface ListenOptions extends Omit<PeerServerOptions, 'handler'> {
  host: string;
  /** 0 takes any free port. */
  port: number;
}

export interface PeerListener {
  /** The port in use. */
  readonly port: number;
  /** Stops accepting, lets answers finish for at most `graceMs` (5 s), then cuts. */
  close(graceMs?: number): Promise<void>;
}

/** Paths that exist on the peer server only; all others exist on the public one only. */
const peerPath = /^\/(peer|internal)(\/|$)/i;

/**
 * Keeps the two listeners of one application apart. Use it before anything else:
 * `const app = await NestFactory.create(Module, { bodyParser: false }); app.use(separatePeers());`
 */
export const separatePeers =
  () =>
  (req: Request, res: Response, next: NextFunction): void => {
    if (peerPath.test(req.path) === isPeerRequest(req)) return next();
    const absent = problem('request.not-found');
    res
      .status(absent.status)
      .type('application/problem+json')
      .send(JSON.stringify(toProblemJson(absent)));
  };

/** Opens the mutual-TLS listener of an initialised application, beside its public one. */
export async function listenPeers(app: INestApplication, options: ListenOptions): Promise<PeerListener> {
  const handler = app.getHttpAdapter().getInstance() as RequestListener;
  const server = createPeerServer({ ...options, handler });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs = 5000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed.finally(() => clearTimeout(cut));
    },
  };
}
