import { peer } from '@hyperledger/fabric-protos';
import { systemClock, systemRandom, type Clock, type Random } from '@medshare/clock';
import { isProblem, problem } from '@medshare/problems';
import { setTimeout as sleep } from 'node:timers/promises';
import { textOf } from './fabric/ask-organisation.js';
import { checkIdentity, peerRefusal, probeTls } from './fabric/check-access.js';
import { openClient, openConnection, type Connection } from './fabric/connection.js';
import { describeOrganisation, type Described } from './fabric/reach-organisations.js';
import type { FabricAccess } from './fabric/settings.js';
import { askPeer } from './fabric-lifecycle/ask-peer.js';
import {
  approveArgs,
  commitArgs,
  readinessArgs,
  sequenceToApprove,
  type Committed,
  type Definition,
} from './fabric-lifecycle/definition.js';
import { readPackage } from './fabric-lifecycle/package.js';

export { policyOf, type Committed, type Definition } from './fabric-lifecycle/definition.js';
export { labelOf, makePackage, readPackage, type Bundled, type ServerConnection } from './fabric-lifecycle/package.js';

export interface LifecycleOptions {
  /** With the certificate and key of an administrator of the organisation (NodeOU `admin`) for what changes something. */
  readonly access: FabricAccess;
  /** `host:port` of the organisation's peer itself, where it is not that of the Gateway. */
  readonly peer?: string;
  /** How long one answer may take, ms; default 60 s: peers wait for their builders. */
  readonly timeoutMs?: number;
  readonly clock?: Pick<Clock, 'now'>;
  readonly random?: Pick<Random, 'bytes'>;
}

const systemChaincode = '_lifecycle';
/** Pause before a Gateway is asked again that has not found the peers yet, ms. */
const discoverMs = 1000;

/** What an organisation's administrator does with chaincode on Hyperledger Fabric: its lifecycle since release 2.0. */
export class FabricLifecycle {
  readonly #connection: Connection;
  readonly #client: ReturnType<typeof openClient>;
  readonly #ms: number;
  readonly #options: LifecycleOptions;

  private constructor(options: LifecycleOptions) {
    const { access, peer: address = access.gateway, timeoutMs = 60_000 } = options;
    this.#options = options;
    this.#connection = openConnection(access);
    this.#client = openClient(address, access.tls);
    this.#ms = timeoutMs;
  }

  /** @throws `config.invalid` that names the setting, `ledger.unavailable` when nobody is there */
  static async open(options: LifecycleOptions): Promise<FabricLifecycle> {
    const { access, clock = systemClock } = options;
    checkIdentity(access, clock.now());
    await probeTls(access, 10_000);
    return new FabricLifecycle(options);
  }

  /** Installs a package on the peer; one that is there is left as it is. @returns its id */
  async install(bytes: Uint8Array): Promise<{ packageId: string; fresh: boolean }> {
    const { packageId } = readPackage(bytes);
    if ((await this.installed()).includes(packageId)) return { packageId, fresh: false };
    const args = new peer.lifecycle.InstallChaincodeArgs();
    args.setChaincodeInstallPackage(bytes);
    const answer = await this.#askPeer('InstallChaincode', args.serializeBinary());
    const given = peer.lifecycle.InstallChaincodeResult.deserializeBinary(answer).getPackageId();
    if (given !== packageId)
      throw problem('ledger.refused', { where: 'peer', detail: `it gave the package the id ${given}` });
    return { packageId, fresh: true };
  }

  /** Ids of the packages on the peer. */
  async installed(): Promise<string[]> {
    const args = new peer.lifecycle.QueryInstalledChaincodesArgs();
    const answer = await this.#askPeer('QueryInstalledChaincodes', args.serializeBinary());
    const parsed = peer.lifecycle.QueryInstalledChaincodesResult.deserializeBinary(answer);
    return parsed.getInstalledChaincodesList().map((one) => one.getPackageId());
  }

  /** The sequence that the own organisation's next approval is for. */
  async sequenceToApprove(definition: Omit<Definition, 'sequence'>): Promise<number> {
    return sequenceToApprove(await this.committed(definition.name), definition, this.#options.access.mspId);
  }

  /** Says for the own organisation that it will run this definition, out of this package. @returns false when it had said so */
  async approve(definition: Definition, packageId: string): Promise<boolean> {
    const { mspId } = this.#options.access;
    try {
      await this.#submit('ApproveChaincodeDefinitionForMyOrg', approveArgs(definition, packageId), [mspId]);
      return true;
    } catch (caught) {
      if (/attempted to redefine uncommitted sequence .* with unchanged content/.test(textOf(caught))) return false;
      throw this.#refusal(caught);
    }
  }

  /** MSP id → whether the organisation has approved this very definition. */
  async readiness(definition: Definition): Promise<Record<string, boolean>> {
    try {
      const answer = await this.#evaluate('CheckCommitReadiness', readinessArgs(definition));
      const found = peer.lifecycle.CheckCommitReadinessResult.deserializeBinary(answer).getApprovalsMap();
      return Object.fromEntries(found.toObject(false) as [string, boolean][]);
    } catch (caught) {
      throw this.#refusal(caught);
    }
  }

  /** Puts what enough organisations have approved into effect; they all endorse it. @param mspIds whose peers are asked */
  async commit(definition: Definition, mspIds: readonly string[]): Promise<void> {
    try {
      await this.#submit('CommitChaincodeDefinition', commitArgs(definition), mspIds);
    } catch (caught) {
      throw this.#refusal(caught);
    }
  }

  /** @returns undefined when nothing of this name is committed on the channel */
  async committed(name: string): Promise<Committed | undefined> {
    const args = new peer.lifecycle.QueryChaincodeDefinitionArgs();
    args.setName(name);
    try {
      const answer = await this.#evaluate('QueryChaincodeDefinition', args.serializeBinary());
      const found = peer.lifecycle.QueryChaincodeDefinitionResult.deserializeBinary(answer);
      return {
        version: found.getVersion(),
        sequence: found.getSequence(),
        policy: found.getValidationParameter_asU8(),
        approvals: Object.fromEntries(found.getApprovalsMap().toObject(false) as [string, boolean][]),
      };
    } catch (caught) {
      if (/is not defined/.test(textOf(caught))) return undefined;
      throw this.#refusal(caught);
    }
  }

  /** What runs at an organisation: its peer asks its chaincode server. @returns undefined when neither answers */
  describe(mspId: string, ms = 10_000): Promise<Described | undefined> {
    return describeOrganisation(this.#connection, mspId, ms).catch(() => undefined);
  }

  close(): void {
    this.#connection.close();
    this.#client.close();
  }

  #askPeer(name: string, args: Uint8Array): Promise<Uint8Array> {
    const { access, clock = systemClock, random = systemRandom } = this.#options;
    const { sign } = this.#connection;
    return askPeer({ client: this.#client, access, sign, clock, random }, { name, args, ms: this.#ms });
  }

  async #submit(name: string, args: Uint8Array, mspIds: readonly string[]): Promise<void> {
    const deadline = Date.now() + this.#ms;
    const transaction = await this.#endorse(name, args, mspIds, deadline);
    const submitted = await transaction.submit({ deadline });
    const { successful, code } = await submitted.getStatus({ deadline });
    if (!successful) throw problem('ledger.refused', { where: name, detail: `the transaction was ordered as ${code}` });
  }

  /** Peers that have just started, or joined, find each other within seconds: until then a Gateway knows of none. */
  async #endorse(name: string, args: Uint8Array, mspIds: readonly string[], deadline: number) {
    const given = { arguments: [args], endorsingOrganizations: [...mspIds] };
    for (;;) {
      try {
        return await this.#contract().newProposal(name, given).endorse({ deadline });
      } catch (caught) {
        const early = /failed to find any endorsing peers|no combination of peers/.test(textOf(caught));
        if (!early || Date.now() + discoverMs > deadline) throw caught;
        await sleep(discoverMs);
      }
    }
  }

  #evaluate(name: string, args: Uint8Array): Promise<Uint8Array> {
    const proposal = this.#contract().newProposal(name, { arguments: [args] });
    return proposal.evaluate({ deadline: Date.now() + this.#ms });
  }

  #contract() {
    const { gateway, access } = this.#connection;
    return gateway.getNetwork(access.channel).getContract(systemChaincode);
  }

  /** What is a peer's own reason is shown; the rest is a setting, or somebody who is away. */
  #refusal(caught: unknown) {
    if (isProblem(caught)) return caught;
    const text = textOf(caught);
    const reason = /failed to invoke backing implementation of '[^']*': ([^\n]*)/.exec(text)?.[1];
    if (reason !== undefined) return problem('ledger.refused', { where: 'peer', detail: reason, cause: caught });
    return peerRefusal(this.#options.access, caught);
  }
}
