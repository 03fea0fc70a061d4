import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where one stack is: several can run on one machine with other folders and other ports. */
export interface Places {
  /** what the servers keep: data, logs, secrets, configuration */
  readonly state: string;
  /** what was installed, for all stacks of this user */
  readonly cache: string;
  /** all ports are counted from here */
  readonly basePort: number;
  /** after which Fabric's orderers cut a block that is not full; 200 ms unless measured */
  readonly batchTimeout?: string;
}

const absolute = (path: string | undefined): string | undefined => (path?.startsWith('/') ? path : undefined);

/** XDG Base Directory; as root below /var/lib, because PostgreSQL runs as another user, which must be able to pass through. */
export function defaultState(env: Environment): string {
  if (process.getuid?.() === 0) return '/var/lib/medshare-stack';
  return join(absolute(env['XDG_STATE_HOME']) ?? join(homedir(), '.local', 'state'), 'medshare', 'stack');
}

export const defaultCache = (env: Environment): string =>
  join(absolute(env['XDG_CACHE_HOME']) ?? join(homedir(), '.cache'), 'medshare', 'stack');

export const defaultBasePort = 7400;

/** Ports by offset from the base; institutions have theirs at base + 101 … 321; all are below base + 400. */
export const portsFrom = (base: number) => ({
  postgres: base,
  kafka: (node: number) => ({ clients: base + node, brokers: base + 10 + node, controllers: base + 20 + node }),
  keycloak: { https: base + 30, http: base + 31, management: base + 32 },
  kubo: (node: number) => ({ api: base + 40 + node, swarm: base + 50 + node }),
  s3: base + 60,
  collector: { otlp: base + 70, health: base + 71, metrics: base + 72 },
  prometheus: base + 80,
  /** @param organisation from 0 to 3 */
  fabric: (organisation: number) => {
    const first = base + 330 + 20 * organisation;
    return {
      peer: { clients: first, chaincodes: first + 1, operations: first + 2 },
      orderer: { clients: first + 3, administration: first + 4, operations: first + 5 },
      gateway: first + 6,
      /** where the organisation's chaincode servers listen: two, for two versions side by side */
      chaincode: [first + 7, first + 8] as const,
    };
  },
});

/** @returns whether nobody listens there */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
