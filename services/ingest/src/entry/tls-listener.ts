import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type PeerCertificate, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from '@medshare/telemetry';
import { asProblem, problem } from '@medshare/problems';
import type { MllpServerTls } from '../ingest.config.js';
import type { IngestMetrics } from '../ingest-metrics.js';
import { readKey, readPem } from '../read-tls.js';

/** Between two looks whether certificates changed on the disk, ms. */
const renewEvery = 60_000;
/** For how long a client may take with its handshake, ms. */
const handshakeTimeout = 10_000;

type Take = (socket: TLSSocket, names: readonly string[] | undefined) => void;
interface Parts {
  readonly logger: Logger;
  readonly metrics: IngestMetrics;
}
interface Material {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** A TLS server that knows its clients by their certificates, and says whom it turned away and why. */
export class TlsListener {
  readonly server: Server;
  private readonly timer: NodeJS.Timeout;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly options: MllpServerTls,
    private material: Material,
    private readonly parts: Parts,
    take: Take,
  ) {
    this.tellExpiry();
    this.server = createServer(
      {
        ...material,
        minVersion: 'TLSv1.2',
        requestCert: true,
        // judged here, so that who is refused can be named
        rejectUnauthorized: false,
        handshakeTimeout,
        allowHalfOpen: true,
      },
      (socket) => this.judge(socket, take),
    );
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.on('tlsClientError', (error, socket) => {
      const address = socket.remoteAddress;
      parts.logger.warn({ code: 'peer.untrusted', err: error, address }, 'a TLS handshake of a sender failed');
      socket.destroy();
    });
    this.timer = setInterval(() => void this.renew(), renewEvery).unref();
  }

  /** @throws Problem config.invalid */
  static async open(options: MllpServerTls, parts: Parts, take: Take): Promise<TlsListener> {
    return new TlsListener(options, await read(options), parts, take);
  }

  /** Takes what changed; what cannot be used is told, and the old stays. Connections that are open stay as they are. */
  async renew(): Promise<void> {
    try {
      const material = await read(this.options);
      const { key, cert, ca } = this.material;
      if (material.key === key && material.cert === cert && material.ca === ca) return;
      this.server.setSecureContext({ ...material, minVersion: 'TLSv1.2' });
      this.material = material;
      this.tellExpiry();
      this.parts.logger.info({ id: new X509Certificate(material.cert).serialNumber }, 'MLLP certificates were renewed');
    } catch (caught) {
      const { code, where } = asProblem(caught);
      this.parts.logger.error({ code, where }, 'MLLP certificates cannot be renewed; the old ones stay');
    }
  }

  private tellExpiry(): void {
    this.parts.metrics.certificateExpires(Date.parse(new X509Certificate(this.material.cert).validTo) / 1000);
  }

  /** Looks at the files no more. */
  stop(): void {
    clearInterval(this.timer);
  }

  /** Ends what is still open: senders in the middle of their handshake. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private judge(socket: TLSSocket, take: Take): void {
    socket.on('error', () => socket.destroy());
    const certificate = socket.getPeerCertificate();
    const shown = Object.keys(certificate).length > 0;
    if (socket.authorized) return take(socket, namesOf(certificate));
    if (!shown && this.options.clientCertificates === 'optional') return take(socket, undefined);
    // Node says why in OpenSSL's words; without a certificate there is nothing that it could say them of
    const where = shown ? String(socket.authorizationError) : 'no certificate';
    const peer = shown ? `${certificate.subject?.CN ?? ''} (serial ${certificate.serialNumber})` : undefined;
    this.parts.logger.warn(
      { code: 'peer.untrusted', peer, where, address: socket.remoteAddress },
      'a sender was refused for its certificate',
    );
    socket.destroy();
  }
}

/** @throws Problem config.invalid also when key and certificate do not belong together */
async function read({ key, cert, clientAuthorities }: MllpServerTls): Promise<Material> {
  const [own, shown, ca] = await Promise.all([readKey(key), readPem(cert), readPem(clientAuthorities)]);
  try {
    const probe = createServer({ key: own, cert: shown, ca });
    probe.close();
  } catch (cause) {
    throw problem('config.invalid', { where: cert, detail: 'key, certificate and authorities cannot be used', cause });
  }
  return { key: own, cert: shown, ca };
}

/** What feeds may know a sender by: its common name, its DNS names, its fingerprint. */
function namesOf({ subject, subjectaltname, fingerprint256 }: PeerCertificate): string[] {
  const names = [subject?.CN].flat().filter((name) => typeof name === 'string');
  const dns = (subjectaltname ?? '').split(', ').flatMap((name) => (/^DNS:/.test(name) ? [name.slice(4)] : []));
  return [...names, ...dns, `sha256:${fingerprint256.replaceAll(':', '').toLowerCase()}`];
}
