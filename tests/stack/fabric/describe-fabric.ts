import type { Stack } from '../stack.js';
import { fabricBinaries } from './binaries.js';
import { isFounded } from './found-network.js';
import { materialOf, type Pair } from './identities.js';
import {
  at,
  channel,
  mspIdOf,
  network,
  organisations,
  portsOf,
  type Joined,
  type Organisation,
} from './organisations.js';

/** Where the network is; everything that is a file is PEM, keys are PKCS#8. */
export interface FabricDescription {
  readonly network: string;
  readonly release: string;
  /** `given` by MEDSHARE_FABRIC_BIN, or `built` here: a release without the Gateway service */
  readonly binaries: 'given' | 'built';
  /** who answers at `gateway`: the peer, or the tests' stand-in for peers that have no such service */
  readonly gatewayService: 'fabric' | 'stand-in';
  readonly channel: string;
  readonly orderers: readonly { address: string; mspId: string; tlsAuthority: string; process: string }[];
  readonly organisations: Readonly<Record<Organisation, OrganisationDescription>>;
}

export interface OrganisationDescription {
  readonly mspId: string;
  /** issues its identities */
  readonly authority: string;
  /** issues the certificates of its peer, orderer, gateway and chaincode servers */
  readonly tlsAuthority: string;
  readonly gateway: { readonly address: string; readonly process: string };
  readonly peer: { readonly address: string; readonly operations: string; readonly process: string };
  readonly client: Pair;
  readonly admin: Pair;
  readonly chaincode: ChaincodeDescription;
}

/** Where its chaincode servers listen. */
interface ChaincodeDescription extends Pair {
  /** two, for two versions side by side */
  readonly addresses: readonly string[];
  /** whom the server believes that it is the peer */
  readonly authority: string;
  /** what the peer shows */
  readonly peerCertificate: string;
  readonly peerKey: string;
}

/** @returns undefined when the network was never brought up */
export async function describeFabric(stack: Stack): Promise<FabricDescription | undefined> {
  if (!(await isFounded(stack))) return undefined;
  const { release, origin, modern } = fabricBinaries();
  const described = organisations.map((each) => [each, describeOrganisation(stack, each)] as const);
  return {
    network,
    release,
    binaries: origin,
    gatewayService: modern ? 'fabric' : 'stand-in',
    channel,
    orderers: organisations.map((each) => ({
      address: at(portsOf(stack, each).orderer.clients),
      mspId: mspIdOf(each),
      tlsAuthority: materialOf(stack, each).tlsAuthority,
      process: `fabric-orderer-${each}`,
    })),
    organisations: Object.fromEntries(described) as FabricDescription['organisations'],
  };
}

export function describeOrganisation(stack: Stack, organisation: Joined): OrganisationDescription {
  const { modern } = fabricBinaries();
  const { peer, gateway, chaincode } = portsOf(stack, organisation);
  const material = materialOf(stack, organisation);
  const process = `fabric-peer-${organisation}`;
  const shown = material.tls('peer');
  return {
    mspId: mspIdOf(organisation),
    authority: material.authority,
    tlsAuthority: material.tlsAuthority,
    gateway: modern
      ? { address: at(peer.clients), process }
      : { address: at(gateway), process: `fabric-gateway-${organisation}` },
    peer: { address: at(peer.clients), operations: at(peer.operations), process },
    client: material.identity('client'),
    admin: material.identity('admin'),
    chaincode: {
      addresses: chaincode.map(at),
      ...material.tls('chaincode'),
      authority: material.tlsAuthority,
      peerCertificate: shown.certificate,
      peerKey: shown.key,
    },
  };
}
