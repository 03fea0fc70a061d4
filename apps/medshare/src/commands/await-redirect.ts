import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { problem } from '@medshare/problems';

/** What a browser shows when it has come back: told by the command that waits. */
export type Answer = (text: string) => void;

export interface Redirect {
  /** with the port that was free */
  readonly redirectUri: string;
  /** Resolves with the query that the browser brings. @throws Problem auth.unauthenticated when it does not come in time, or the command is stopped */
  come(stop: AbortSignal): Promise<{ query: string; answer: Answer }>;
  close(): void;
}

/** How long a person may take to sign in, ms. */
const patience = 600_000;

/** Listens on the loopback interface for a browser that a provider sends back (RFC 8252 section 7.3). */
export async function awaitRedirect(uri: string): Promise<Redirect> {
  const { pathname } = new URL(uri);
  const server = createServer({ requestTimeout: 10_000 });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const port = (server.address() as AddressInfo).port;
  return {
    redirectUri: `http://127.0.0.1:${port}${pathname}`,
    come: (stop) =>
      new Promise((resolve, reject) => {
        const signal = AbortSignal.any([stop, AbortSignal.timeout(patience)]);
        const late = () =>
          reject(problem('auth.unauthenticated', { where: 'login', detail: 'the sign-in was not brought to its end' }));
        if (signal.aborted) return late();
        signal.addEventListener('abort', late, { once: true });
        let come = false;
        server.on('request', ({ url = '', method }, response) => {
          const headers = {
            'content-type': 'text/plain; charset=utf-8',
            'cache-control': 'no-store',
            connection: 'close',
          };
          const { pathname: path, search: query } = new URL(url, 'http://127.0.0.1');
          // browsers ask for icons, too, and sometimes twice
          if (come || method !== 'GET' || path !== pathname) return void response.writeHead(404, headers).end();
          come = true;
          resolve({ query, answer: (text) => void response.writeHead(200, headers).end(`${text}\n`) });
        });
      }),
    close: () => {
      server.close();
      server.closeIdleConnections();
    },
  };
}
