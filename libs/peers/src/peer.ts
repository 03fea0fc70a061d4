/** Who is at the other end of a mutual-TLS connection, as its certificate proves. */
export interface Peer {
  /** Subject O of a certificate that chains to this institution's own authority. */
  readonly institution: string;
  /** Subject OU: a role, or `node` for a process that runs several. */
  readonly role: string;
}

/** The certificates (PEM, one or several while one is being replaced) of each member's authority, by institution. */
export type Authorities = ReadonlyMap<string, string>;

/** A certificate with its private key (PKCS#8) and the authority that issued it, all PEM. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}
