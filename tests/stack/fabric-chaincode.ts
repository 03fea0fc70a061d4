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
    change?: Partial<Pick<ChaincodeServerOptions, 'chaincode' | 'clock' | 'bundle'>>,
  ): Promise<void>;
  /** Installs an organisation's package on its peer again, where it is not there. */
  install(organisation: Organisation): Promise<void>;
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
  const placed = new Map<Organisation, { address: string; packageId: string; bytes: Buffer }>();
  const definition: Definition = { name, version: chaincode.version, sequence: 1, policy: policyOf(region) };

  async function serve(
    organisation: Organisation,
    change: Parameters<ServedChaincode['serve']>[1] = {},
  ): Promise<void> {
    await servers.get(organisation)?.close();
    const { address, packageId } = placed.get(organisation)!;
    const tls = await tlsOf(fabric, organisation);
    servers.set(organisation, await serveChaincode({ address, packageId, chaincode, bundle, tls, ...change }));
  }

  for (const organisation of organisations) {
    const { bytes, address, packageId } = await packageFor(fabric, organisation, { chaincode, bundle });
    placed.set(organisation, { address, packageId, bytes });
    await administrate(fabric, organisation, name, async (lifecycle) => {
      await lifecycle.install(bytes);
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
    install: (organisation) =>
      administrate(fabric, organisation, name, async (lifecycle) => {
        await lifecycle.install(placed.get(organisation)!.bytes);
      }),
    async stop() {
      for (const server of servers.values()) await server.close();
    },
  };
}

type Code = Pick<ServeOptions, 'chaincode' | 'bundle'>;

/** An organisation's package of some code, for a server at an address of its own. */
async function packageFor(fabric: FabricDescription, organisation: Organisation, { chaincode, bundle }: Code) {
  const { authority, peerCertificate, peerKey } = fabric.organisations[organisation].chaincode;
  const address = `127.0.0.1:${await freePort()}`;
  const bytes = makePackage(
    { name: chaincode.name, version: chaincode.version, bundle },
    {
      address,
      authorities: await text(authority),
      clientCert: await text(peerCertificate),
      clientKey: await text(peerKey),
    },
  );
  return { bytes, address, packageId: readPackage(bytes).packageId };
}

async function tlsOf(fabric: FabricDescription, organisation: Organisation) {
  const { certificate, key, authority } = fabric.organisations[organisation].chaincode;
  return { cert: await text(certificate), key: await text(key), clientAuthorities: await text(authority) };
}

/** Installs another package at an organisation and serves it beside what runs there; nothing is approved yet. */
export async function placeBeside(
  fabric: FabricDescription,
  organisation: Organisation,
  name: string,
  code: Code,
): Promise<{ packageId: string; close(): Promise<void> }> {
  const { bytes, address, packageId } = await packageFor(fabric, organisation, code);
  await administrate(fabric, organisation, name, (lifecycle) => lifecycle.install(bytes));
  const server = await serveChaincode({ ...code, address, packageId, tls: await tlsOf(fabric, organisation) });
  return { packageId, close: () => server.close() };
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
