import { common, msp, peer } from '@hyperledger/fabric-protos';
import { mspOf } from '../institution-of.js';
import type { Region } from '@medshare/events/chain';

/** What organisations approve and commit: equal for all of them. */
export interface Definition {
  /** Name on the channel. */
  readonly name: string;
  readonly version: string;
  /** From 1; each change of the definition takes the next. */
  readonly sequence: number;
  /** Bytes of a `protos.ApplicationPolicy`: who must endorse. */
  readonly policy: Uint8Array;
}

/** What is in effect. */
export interface Committed {
  readonly version: string;
  readonly sequence: number;
  readonly policy: Uint8Array;
  /** MSP id → whether the organisation has approved it. */
  readonly approvals: Readonly<Record<string, boolean>>;
}

/**
 * What an organisation's approval is for. One that was late approves what is in effect: Fabric lets it endorse from then on, and nobody
 * else has to do anything. Whatever says something else takes the next sequence.
 */
export function sequenceToApprove(
  committed: Committed | undefined,
  { version, policy }: Pick<Definition, 'version' | 'policy'>,
  mspId: string,
): number {
  if (committed === undefined) return 1;
  const same = committed.version === version && Buffer.from(policy).equals(committed.policy);
  return same && !committed.approvals[mspId] ? committed.sequence : committed.sequence + 1;
}

/** "This many of the members' peers", as the region says. */
export function policyOf({ members, endorsements }: Pick<Region, 'members' | 'endorsements'>): Uint8Array {
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setIdentitiesList(members.map(peerPrincipal));
  const all = new common.SignaturePolicy.NOutOf();
  all.setN(endorsements);
  all.setRulesList(
    members.map((_, index) => {
      const one = new common.SignaturePolicy();
      one.setSignedBy(index);
      return one;
    }),
  );
  const rule = new common.SignaturePolicy();
  rule.setNOutOf(all);
  envelope.setRule(rule);
  const policy = new peer.ApplicationPolicy();
  policy.setSignaturePolicy(envelope);
  return policy.serializeBinary();
}

function peerPrincipal(member: Region['members'][number]): msp.MSPPrincipal {
  const role = new msp.MSPRole();
  role.setMspIdentifier(mspOf(member));
  role.setRole(msp.MSPRole.MSPRoleType.PEER);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(role.serializeBinary());
  return principal;
}

export function approveArgs(definition: Definition, packageId: string): Uint8Array {
  const args = new peer.lifecycle.ApproveChaincodeDefinitionForMyOrgArgs();
  fill(args, definition);
  const local = new peer.lifecycle.ChaincodeSource.Local();
  local.setPackageId(packageId);
  const source = new peer.lifecycle.ChaincodeSource();
  source.setLocalPackage(local);
  args.setSource(source);
  return args.serializeBinary();
}

export function commitArgs(definition: Definition): Uint8Array {
  const args = new peer.lifecycle.CommitChaincodeDefinitionArgs();
  fill(args, definition);
  return args.serializeBinary();
}

export function readinessArgs(definition: Definition): Uint8Array {
  const args = new peer.lifecycle.CheckCommitReadinessArgs();
  fill(args, definition);
  return args.serializeBinary();
}

type Fillable = Pick<
  peer.lifecycle.CommitChaincodeDefinitionArgs,
  'setName' | 'setVersion' | 'setSequence' | 'setValidationParameter'
>;

function fill(args: Fillable, { name, version, sequence, policy }: Definition): void {
  args.setName(name);
  args.setVersion(version);
  args.setSequence(sequence);
  args.setValidationParameter(policy);
}
