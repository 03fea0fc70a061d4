import { readFile } from 'node:fs/promises';
import type { Chaincode } from '@medshare/chaincode-region';
import type { Region } from '@medshare/events/chain';
import {
  serveChaincode,
  type ChaincodeServer,
  type ChaincodeServerOptions,
} from '@medshare/ledger/chaincode-server.driver';
import type { FabricAccess } from '@medshare/ledger/fabric.driver';
import {
  FabricLifecycle,
  makePackage,
  policyOf,
  readPackage,
  type Definition,
} from '@medshare/ledger/fabric-lifecycle.driver';
import { mspOf } from '@medshare/ledger/institution-of';
import { freePort } from '@medshare/testkit';
import type { FabricDescription } from './fabric/describe-fabric.js';
import type { Organisation } from './fabric/organisations.js';

const text = (file: string): Promise<string> => readFile(file, 'utf8');

/** How an organisation's ledger role, or its administrator, reaches the test network. */
export async function accessOf(
  fabric: FabricDescription,
  organisation: Organisation,
  chaincode: string,
  as: 'client' | 'admin' = 'client',
): Promise<FabricAccess> {
  const { gateway, mspId, tlsAuthority, [as]: identity } = fabric.organisations[organisation];
  return {
    gateway: gateway.address,
    channel: fabric.channel,
    chaincode,
    mspId,
    cert: await text(identity.certificate),
    key: await text(identity.key),
    tls: { authorities: await text(tlsAuthority) },
  };
}

/** A chaincode of one test on the channel that all share: a name of its own is a state of its own. */
export interface ServedChaincode {
  readonly name: string;
  readonly servers: Map<Organisation, ChaincodeServer>;
  /** Starts an organisation's server again where its peer looks for it; with other code or another clock, if so asked. */
  serve(
    organisation: Organisation,
    change?: Partial<Pick<ChaincodeServerOptions, 'chaincode' | 'clock'>>,
  ): Promise<void>;
  /** Id of an organisation's installed package. */
  packageId(organisation: Organisation): string;
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly name: string;
  readonly region: Region;
  readonly chaincode: Chaincode;
  readonly bundle: string;
}

/** Packages, installs, approves and commits for every organisation, and serves each one's peer from this process. */
export async function serveOnNetwork(fabric: FabricDescription, options: ServeOptions): Promise<ServedChaincode> {
  const { name, region, chaincode, bundle } = options;
  const organisations = Object.keys(fabric.organisations) as Organisation[];
  const servers = new Map<Organisation, ChaincodeServer>();
  const placed = new Map<Organisation, { address: string; packageId: string }>();
  const definition: Definition = { name, version: chaincode.version, sequence: 1, policy: policyOf(region) };

  async function serve(
    organisation: Organisation,
    change: Parameters<ServedChaincode['serve']>[1] = {},
  ): Promise<void> {
    await servers.get(organisation)?.close();
    const { certificate, key, authority } = fabric.organisations[organisation].chaincode;
    const tls = { cert: await text(certificate), key: await text(key), clientAuthorities: await text(authority) };
    servers.set(
      organisation,
      await serveChaincode({ ...placed.get(organisation)!, chaincode, bundle, tls, ...change }),
    );
  }

  for (const organisation of organisations) {
    const { authority, peerCertificate, peerKey } = fabric.organisations[organisation].chaincode;
    const address = `127.0.0.1:${await freePort()}`;
    const connection = {
      address,
      authorities: await text(authority),
      clientCert: await text(peerCertificate),
      clientKey: await text(peerKey),
    };
    const bytes = makePackage({ name: chaincode.name, version: chaincode.version, bundle }, connection);
    placed.set(organisation, { address, packageId: readPackage(bytes).packageId });
    await administrate(fabric, organisation, name, async (lifecycle) => {
      const { packageId } = await lifecycle.install(bytes);
      await lifecycle.approve(definition, packageId);
    });
    await serve(organisation);
  }
  await administrate(fabric, organisations[0]!, name, (lifecycle) =>
    lifecycle.commit(definition, region.members.map(mspOf)),
  );
  return {
    name,
    servers,
    serve,
    packageId: (organisation) => placed.get(organisation)!.packageId,
    async stop() {
      for (const server of servers.values()) await server.close();
    },
  };
}

export async function administrate<T>(
  fabric: FabricDescription,
  organisation: Organisation,
  name: string,
  work: (lifecycle: FabricLifecycle) => Promise<T>,
): Promise<T> {
  const access = await accessOf(fabric, organisation, name, 'admin');
  const lifecycle = await FabricLifecycle.open({ access, peer: fabric.organisations[organisation].peer.address });
  try {
    return await work(lifecycle);
  } finally {
    lifecycle.close();
  }
}
