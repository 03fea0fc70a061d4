import { status as codes } from '@grpc/grpc-js';
import { msp } from '@hyperledger/fabric-protos';
import { verify, X509Certificate } from 'node:crypto';
import { GatewayError } from './gateway-error.js';
import type { Own } from './own.js';

/** What a client signed, and as whom. */
export interface Signed {
  readonly channel: string;
  /** serialised identity */
  readonly identity: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Requests that a real Gateway answers out of its own ledger reach no peer here, so that the stand-in checks the signer itself: a current certificate that an
 * authority of the channel's organisation issued, and a signature that verifies.
 *
 * @throws PERMISSION_DENIED
 */
export async function checkSigner(own: Own, { channel, identity, data, signature }: Signed): Promise<void> {
  const denied = (why: string) => new GatewayError(codes.PERMISSION_DENIED, `access denied: ${why}`);
  const { authorities } = await own.discovery.config(channel).catch((caught: GatewayError) => {
    throw denied(caught.message);
  });
  try {
    const { mspId, certificate } = read(identity);
    const issued = (authorities.get(mspId) ?? []).some((pem) => {
      const authority = new X509Certificate(pem);
      return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
    });
    if (!issued) throw denied('the identity is of no organisation of the channel');
    const now = Date.now();
    if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo))
      throw denied('the certificate is not valid now');
    if (!verify('sha256', data, certificate.publicKey, signature)) throw denied('the signature does not verify');
  } catch (caught) {
    throw caught instanceof GatewayError ? caught : denied((caught as Error).message);
  }
}

function read(identity: Uint8Array): { mspId: string; certificate: X509Certificate } {
  const serialised = msp.SerializedIdentity.deserializeBinary(identity);
  return {
    mspId: serialised.getMspid(),
    certificate: new X509Certificate(Buffer.from(serialised.getIdBytes_asU8())),
  };
}
