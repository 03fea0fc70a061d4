import { hash, signers } from '@hyperledger/fabric-gateway';
import { msp } from '@hyperledger/fabric-protos';
import { createHash, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';

/** The identity with which the stand-in itself reads the ledger and asks its peer. It never signs for a client. */
export class OwnIdentity {
  /** Serialised, as it stands in messages. */
  readonly creator: Uint8Array;
  /** Of the certificate that it shows in TLS: a peer's discovery service wants it in every request. */
  readonly tlsHash: Uint8Array;
  readonly #sign: (digest: Uint8Array) => Promise<Uint8Array>;

  /** PEM texts. */
  constructor(given: { mspId: string; certificate: string; key: string; tlsCertificate: string }) {
    const identity = new msp.SerializedIdentity();
    identity.setMspid(given.mspId);
    identity.setIdBytes(Buffer.from(given.certificate));
    this.creator = identity.serializeBinary();
    this.tlsHash = createHash('sha256').update(new X509Certificate(given.tlsCertificate).raw).digest();
    this.#sign = signers.newPrivateKeySigner(createPrivateKey(given.key));
  }

  sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#sign(hash.sha256(message));
  }

  nonce(): Buffer {
    return randomBytes(24);
  }
}
