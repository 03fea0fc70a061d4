import { common, msp } from '@hyperledger/fabric-protos';
import { X509Certificate } from 'node:crypto';

/** Who may sign on a channel, as its configuration says. */
export interface ChannelMembers {
  /** MSP id → certificates of its authorities, of organisations that endorse. */
  readonly endorsers: ReadonlyMap<string, readonly X509Certificate[]>;
  readonly orderers: ReadonlyMap<string, readonly X509Certificate[]>;
}

/** @param envelope one of type `CONFIG`, which the orderers themselves have made */
export function membersIn(envelope: common.Envelope): ChannelMembers {
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const groups = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8())
    .getConfig()
    ?.getChannelGroup()
    ?.getGroupsMap();
  return {
    endorsers: organisationsOf(groups?.get('Application')),
    orderers: organisationsOf(groups?.get('Orderer')),
  };
}

function organisationsOf(group: common.ConfigGroup | undefined): Map<string, X509Certificate[]> {
  const found = new Map<string, X509Certificate[]>();
  group?.getGroupsMap().forEach((organisation: common.ConfigGroup) => {
    const value = organisation.getValuesMap().get('MSP')?.getValue_asU8();
    if (value === undefined) return;
    const fabric = msp.FabricMSPConfig.deserializeBinary(msp.MSPConfig.deserializeBinary(value).getConfig_asU8());
    const authorities = [...fabric.getRootCertsList_asU8(), ...fabric.getIntermediateCertsList_asU8()];
    found.set(
      fabric.getName(),
      authorities.map((pem) => new X509Certificate(pem)),
    );
  });
  return found;
}

/**
 * Whose signature this is, by the authorities of the organisation that it names. Whether a certificate has expired since is not asked: it
 * counted when the block was made.
 *
 * @param identity bytes of a `SerializedIdentity`
 * @returns the MSP id; undefined when the signature or the certificate does not verify
 */
export function signerOf(
  members: ReadonlyMap<string, readonly X509Certificate[]>,
  identity: Uint8Array,
  signed: Uint8Array,
  signature: Uint8Array,
  verify: (certificate: X509Certificate, signed: Uint8Array, signature: Uint8Array) => boolean,
): string | undefined {
  try {
    const { mspId, certificate } = identityOf(identity);
    const authorities = members.get(mspId) ?? [];
    const issued = authorities.some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
    return issued && verify(certificate, signed, signature) ? mspId : undefined;
  } catch {
    return undefined;
  }
}

function identityOf(bytes: Uint8Array): { mspId: string; certificate: X509Certificate } {
  const parsed = msp.SerializedIdentity.deserializeBinary(bytes);
  return { mspId: parsed.getMspid(), certificate: new X509Certificate(parsed.getIdBytes_asU8()) };
}
