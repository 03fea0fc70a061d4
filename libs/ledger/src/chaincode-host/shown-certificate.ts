import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import { systemClock, type Clock } from '@medshare/clock';
import { problem } from '@medshare/problems';
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { checkDates } from '../check-dates.js';

/** PEM texts. */
export interface ChaincodeTls {
  readonly key: string;
  readonly cert: string;
  /** Authorities of the peers' client certificates. */
  readonly clientAuthorities: string;
}

type Provider = experimental.CertificateProvider;
type Identity = Parameters<Provider['addIdentityCertificateListener']>[0];
type Authorities = Parameters<Provider['addCaCertificateListener']>[0];

/** What a server shows and asks for over TLS; can be exchanged while it serves. */
export class ShownCertificate implements Provider {
  readonly credentials: ServerCredentials;
  readonly #identities = new Set<Identity>();
  readonly #authorities = new Set<Authorities>();
  #tls: ChaincodeTls;

  /**
   * @param clock the one that TLS goes by: this machine's
   * @throws `config.invalid` when key, certificate or authorities are none, and when the certificate is not valid now
   */
  constructor(
    tls: ChaincodeTls,
    private readonly clock: Pick<Clock, 'now'> = systemClock,
  ) {
    this.#tls = checked(tls, clock.now());
    this.credentials = experimental.createCertificateProviderServerCredentials(this, this, true);
  }

  /** @throws `config.invalid` like the constructor; nothing is exchanged then */
  renew(tls: ChaincodeTls): void {
    this.#tls = checked(tls, this.clock.now());
    for (const tell of this.#identities) this.#tellIdentity(tell);
    for (const tell of this.#authorities) this.#tellAuthorities(tell);
  }

  // who listens is told a moment later: the server takes nothing before it has begun to listen

  addIdentityCertificateListener(listener: Identity): void {
    this.#identities.add(listener);
    queueMicrotask(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: Identity): void {
    this.#identities.delete(listener);
  }

  addCaCertificateListener(listener: Authorities): void {
    this.#authorities.add(listener);
    queueMicrotask(() => this.#tellAuthorities(listener));
  }

  removeCaCertificateListener(listener: Authorities): void {
    this.#authorities.delete(listener);
  }

  #tellIdentity(tell: Identity): void {
    tell({ certificate: Buffer.from(this.#tls.cert), privateKey: Buffer.from(this.#tls.key) });
  }

  #tellAuthorities(tell: Authorities): void {
    tell({ caCertificate: Buffer.from(this.#tls.clientAuthorities) });
  }
}

/** OpenSSL itself says whether the three can be used together; it does not look at dates. */
function checked(tls: ChaincodeTls, now: number): ChaincodeTls {
  try {
    createSecureContext({ key: tls.key, cert: tls.cert, ca: tls.clientAuthorities });
  } catch (cause) {
    const detail = 'certificate, key and authorities of the chaincode server do not hold together';
    throw problem('config.invalid', { where: 'tls', detail, cause });
  }
  checkDates('tls', new X509Certificate(tls.cert), now);
  return tls;
}
