import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** PEM texts of one side of a connection. */
export interface TlsMaterial {
  /** authorities that are trusted; the system's when left out */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** name that the brokers' certificates must carry; each broker's host when left out */
  readonly serverName?: string;
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** plain text without it */
  readonly tls?: TlsMaterial | undefined;
}

const KEEP_ALIVE_MS = 60_000;

/** A connection to a broker, as the library wants it. */
export function openSocket({ host, port, tls }: BrokerAddress, onConnect: () => void): Socket {
  const socket = tls ? openTls(host, port, tls, onConnect) : connectPlain({ host, port }, onConnect);
  const unref = socket.unref.bind(socket);
  // the library unrefs a connection each time that it gives it up, also one that is gone; Node would wait for it to connect, every time anew
  socket.unref = () => (socket.destroyed ? socket : unref());
  return socket.setKeepAlive(true, KEEP_ALIVE_MS);
}

const openTls = (host: string, port: number, { serverName, ...pem }: TlsMaterial, onConnect: () => void): Socket => {
  const name = serverName ?? (isIP(host) ? undefined : host);
  return connectTls(
    { host, port, ...pem, minVersion: 'TLSv1.2', ...(name !== undefined && { servername: name }) },
    onConnect,
  );
};
