import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, createSecureContext } from 'node:tls';
import { systemRandom } from '@medshare/clock';
import { createAuthority, issueCertificate } from '@medshare/peers';
import { ManualClock } from '@medshare/testkit';

export interface ExpiredServer {
  /** speaks TLS at once */
  readonly port: number;
  /** speaks TLS once it was asked to, as PostgreSQL does (PostgreSQL's protocol, 54.2.10) */
  readonly postgresPort: number;
  /** who issued the certificate, PEM */
  readonly authority: string;
  close(): void;
}

/** A server with a certificate that ended long ago; no client gets as far as to notice that it is nothing else. */
export async function startExpired(): Promise<ExpiredServer> {
  const past = new ManualClock('2020-01-01T00:00:00Z');
  const shape = { institution: 'stack', clock: past, random: systemRandom };
  const authority = await createAuthority({ ...shape, validDays: 9_999 });
  const material = await issueCertificate(authority, { role: 'server', hosts: ['127.0.0.1'], validDays: 1 });
  const secureContext = createSecureContext(material);
  const open = new Set<Socket>();
  const keep = (socket: Socket) => void open.add(socket.on('error', () => undefined));
  const direct = createTlsServer(material).on('connection', keep);
  const asked = createServer((socket) => {
    keep(socket);
    socket.once('data', () => {
      socket.write('S');
      keep(new TLSSocket(socket, { isServer: true, secureContext }));
    });
  });
  return {
    port: await listening(direct),
    postgresPort: await listening(asked),
    authority: authority.ca,
    close() {
      for (const socket of open) socket.destroy();
      for (const server of [direct, asked]) server.close();
    },
  };
}

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
