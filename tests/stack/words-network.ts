import { Client, credentials } from '@grpc/grpc-js';
import {
  connect,
  hash,
  signers,
  type Contract,
  type Gateway,
  type Network,
  type Signer,
} from '@hyperledger/fabric-gateway';
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { channel, organisations, type Organisation } from './fabric/organisations.js';
import { defineChaincode, startFabric, type FabricNetwork } from './fabric-network.js';
import { serveTestChaincode, type TestChaincode } from './fabric-test-chaincode.js';

export const chaincode = 'words';

/** The unmodified client of one organisation. */
export interface Words {
  readonly gateway: Gateway;
  readonly network: Network;
  readonly contract: Contract;
  readonly sign: Signer;
  close(): void;
}

export interface WordsNetwork extends FabricNetwork {
  /** @param identity whose certificate and key, where not its own client's */
  connect(organisation: Organisation, identity?: Partial<Identity>): Promise<Words>;
  /** an organisation's chaincode server; ended and served again */
  readonly chaincodes: Map<Organisation, TestChaincode>;
  serve(organisation: Organisation): Promise<void>;
}

interface Identity {
  readonly mspId: string;
  readonly certificate: string;
  readonly key: string;
}

/** A network of its own on which most organisations must endorse what the test chaincode does. */
export async function startWords(): Promise<WordsNetwork> {
  const network = await startFabric();
  const { description } = network;
  const chaincodes = new Map<Organisation, TestChaincode>();
  try {
    const ids = await defineChaincode(network, { name: chaincode });
    const serve = async (organisation: Organisation) =>
      void chaincodes.set(organisation, await serveTestChaincode(organisation, description, ids[organisation]));
    await Promise.all(organisations.map(serve));
    return {
      ...network,
      chaincodes,
      serve,
      connect: (organisation, identity) => connectTo(network, organisation, identity),
      async stop(keep) {
        chaincodes.forEach((each) => each.close());
        await network.stop(keep);
      },
    };
  } catch (caught) {
    await network.stop(true);
    throw caught;
  }
}

async function connectTo(
  { description }: FabricNetwork,
  organisation: Organisation,
  identity: Partial<Identity> = {},
): Promise<Words> {
  const { gateway, client, tlsAuthority, mspId } = description.organisations[organisation];
  const used = { mspId, ...client, ...identity };
  const connection = new Client(gateway.address, credentials.createSsl(await readFile(tlsAuthority)), {
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
  });
  const sign = signers.newPrivateKeySigner(createPrivateKey(await readFile(used.key)));
  const deadline = () => ({ deadline: Date.now() + 60_000 });
  const made = connect({
    client: connection,
    identity: { mspId: used.mspId, credentials: await readFile(used.certificate) },
    signer: sign,
    hash: hash.sha256,
    evaluateOptions: deadline,
    endorseOptions: deadline,
    submitOptions: deadline,
    commitStatusOptions: deadline,
  });
  const network = made.getNetwork(channel);
  return {
    gateway: made,
    network,
    contract: network.getContract(chaincode),
    sign,
    close() {
      made.close();
      connection.close();
    },
  };
}
