import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { problem } from '@medshare/problems';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { peerRefusal, placeOf } from './fabric/check-access.js';
import { openConnection } from './fabric/connection.js';
import type { FabricAccess } from './fabric/settings.js';

export type { FabricAccess } from './fabric/settings.js';

/** A certificate that the network works with, and where it stands. */
export interface NetworkCertificate {
  /**
   * `msp-authority`, `msp-tls-authority`: what an organisation's identities and TLS certificates come from, by the channel's configuration;
   * `orderer-tls`: what an orderer shows to the others, by the same; `peer-tls`: what our peer's Gateway shows.
   */
  readonly kind: 'msp-authority' | 'msp-tls-authority' | 'orderer-tls' | 'peer-tls';
  /** MSP id of the organisation; of an orderer its address, for the configuration does not say whose it is. */
  readonly of: string;
  readonly pem: string;
}

/**
 * Asks the own peer what certificates the channel's configuration in effect names, and looks at the one that it shows itself.
 *
 * @param ms how long each of the two may take
 * @throws `config.invalid` that names the setting; `ledger.unavailable` when the peer does not answer
 */
export async function readNetworkCertificates(access: FabricAccess, ms: number): Promise<NetworkCertificate[]> {
  const shown = await shownBy(access, ms);
  const groups = await channelGroups(access, ms);
  const found = new Map<string, NetworkCertificate>();
  const add = (one: NetworkCertificate) => found.set(`${one.kind} ${one.of} ${one.pem}`, one);
  add({ kind: 'peer-tls', of: access.mspId, pem: shown });
  for (const group of [groups?.get('Application'), groups?.get('Orderer')])
    group?.getGroupsMap().forEach((organisation: common.ConfigGroup) => authoritiesIn(organisation).forEach(add));
  orderersIn(groups?.get('Orderer')).forEach(add);
  return [...found.values()];
}

type Groups = ReturnType<common.ConfigGroup['getGroupsMap']>;

async function channelGroups(access: FabricAccess, ms: number): Promise<Groups | undefined> {
  const connection = openConnection(access);
  try {
    const contract = connection.gateway.getNetwork(access.channel).getContract('cscc');
    const proposal = contract.newProposal('GetConfigBlock', {
      arguments: [access.channel],
      endorsingOrganizations: [access.mspId],
    });
    const block = common.Block.deserializeBinary(await proposal.evaluate({ deadline: Date.now() + ms }));
    const envelope = common.Envelope.deserializeBinary(block.getData()?.getDataList_asU8()[0] ?? new Uint8Array());
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig();
    return config?.getChannelGroup()?.getGroupsMap();
  } catch (caught) {
    throw peerRefusal(access, caught);
  } finally {
    connection.close();
  }
}

const text = (pem: Uint8Array): string => Buffer.from(pem).toString('utf8');

function authoritiesIn(organisation: common.ConfigGroup): NetworkCertificate[] {
  const value = organisation.getValuesMap().get('MSP')?.getValue_asU8();
  if (value === undefined) return [];
  const fabric = msp.FabricMSPConfig.deserializeBinary(msp.MSPConfig.deserializeBinary(value).getConfig_asU8());
  const of = fabric.getName();
  const identities = [...fabric.getRootCertsList_asU8(), ...fabric.getIntermediateCertsList_asU8()];
  const tls = [...fabric.getTlsRootCertsList_asU8(), ...fabric.getTlsIntermediateCertsList_asU8()];
  return [
    ...identities.map((pem) => ({ kind: 'msp-authority' as const, of, pem: text(pem) })),
    ...tls.map((pem) => ({ kind: 'msp-tls-authority' as const, of, pem: text(pem) })),
  ];
}

function orderersIn(group: common.ConfigGroup | undefined): NetworkCertificate[] {
  const value = group?.getValuesMap().get('ConsensusType')?.getValue_asU8();
  if (value === undefined) return [];
  const metadata = orderer.ConsensusType.deserializeBinary(value).getMetadata_asU8();
  return orderer.etcdraft.ConfigMetadata.deserializeBinary(metadata)
    .getConsentersList()
    .flatMap((one) =>
      [one.getServerTlsCert_asU8(), one.getClientTlsCert_asU8()].map((pem) => ({
        kind: 'orderer-tls' as const,
        of: `${one.getHost()}:${one.getPort()}`,
        pem: text(pem),
      })),
    );
}

/** Whatever the peer shows; whether it is believed is asked elsewhere, and one that has expired must be seen too. */
async function shownBy({ gateway, tls }: FabricAccess, ms: number): Promise<string> {
  const { host, port } = placeOf(gateway);
  return new Promise((resolve, reject) => {
    const client = { cert: tls.cert, key: tls.key, ALPNProtocols: ['h2'] };
    const socket = connect({ host, port, rejectUnauthorized: false, ...client });
    const away = (cause?: unknown) =>
      reject(problem('ledger.unavailable', { where: 'ledger', detail: `${gateway} does not answer`, cause }));
    socket.setTimeout(ms, () => socket.destroy(new Error('no answer in time')));
    socket.once('error', away);
    socket.once('secureConnect', () => {
      const certificate: DetailedPeerCertificate = socket.getPeerCertificate(true);
      socket.destroy();
      resolve(pemOf(certificate.raw));
    });
  });
}

const pemOf = (der: Buffer): string => {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
};
