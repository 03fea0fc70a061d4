import { status } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { gateway } from '@hyperledger/fabric-protos';
import { problem, type Problem } from '@medshare/problems';
import type { Connection } from './connection.js';
import { hasApproved } from './has-approved.js';
import { readEndorsed, type Endorsed } from './endorsed.js';
import { refusalIn } from './refusal-text.js';

/** A wish to run a function, signed once by this client and put to several organisations. */
export interface Proposal {
  readonly txId: string;
  /** Bytes of a `gateway.ProposedTransaction`. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Signs as who proposed, also when the identity was renewed meanwhile. */
  readonly sign: (digest: Uint8Array) => Promise<Uint8Array>;
}

/** What came of asking one organisation. */
export type Reply =
  | { readonly institution: string; readonly kind: 'endorsed'; readonly endorsed: Endorsed }
  /** The chaincode refuses there. */
  | { readonly institution: string; readonly kind: 'refused'; readonly problem: Problem }
  /** It has no result: away, or it runs other code. */
  | { readonly institution: string; readonly kind: 'none'; readonly problem: Problem };

/** Refusals of the host that say nothing of the state: such an organisation has no result. */
const noResult = new Set(['ledger.unavailable', 'internal', 'ledger.clock']);

/** Has one organisation's peer execute and sign a proposal. Never rejects: whatever goes wrong is its reply. */
export async function askOrganisation(
  connection: Connection,
  proposal: Proposal,
  { institution, mspId, ms }: { institution: string; mspId: string; ms: number },
): Promise<Reply> {
  try {
    const one = gateway.ProposedTransaction.deserializeBinary(proposal.bytes);
    one.setEndorsingOrganizationsList([mspId]);
    const signed = connection.gateway.newSignedProposal(one.serializeBinary(), proposal.signature);
    const transaction = await signed.endorse({ deadline: Date.now() + ms });
    return { institution, kind: 'endorsed', endorsed: readEndorsed(transaction.getBytes()) };
  } catch (caught) {
    // a Gateway passes over organisations without an approval as over those that are away
    const passedOver = /failed to find any endorsing peers|no combination of peers/.test(textOf(caught));
    if (passedOver && (await hasApproved(connection, mspId, ms)) === false)
      return { institution, kind: 'none', problem: notApproved(institution, caught) };
    return replyOf(institution, caught);
  }
}

export function replyOf(institution: string, caught: unknown): Reply {
  const text = textOf(caught);
  const refused = refusalIn(text);
  if (refused !== undefined && !noResult.has(refused.code)) return { institution, kind: 'refused', problem: refused };
  const none = refused ?? failureOf(institution, text, caught);
  return { institution, kind: 'none', problem: none };
}

/** A peer whose organisation has not approved the committed definition, or runs no such package, says so. */
const otherCode =
  /not agreed to by this org|chaincode .* not found|is not installed|could not be launched|not started/i;

const notApproved = (institution: string, cause: unknown): Problem =>
  problem('ledger.chaincode-mismatch', {
    where: institution,
    detail: 'the organisation does not run the chaincode that is committed: medshare chain status',
    cause,
  });

function failureOf(institution: string, text: string, cause: unknown): Problem {
  if (otherCode.test(text)) return notApproved(institution, cause);
  const late = cause instanceof GatewayError && cause.code === status.DEADLINE_EXCEEDED;
  return problem('ledger.unavailable', { where: institution, detail: late ? 'no answer in time' : 'no answer', cause });
}

/** Everything that peers and Gateway said. */
export function textOf(caught: unknown): string {
  if (!(caught instanceof GatewayError)) return caught instanceof Error ? caught.message : String(caught);
  return [caught.message, ...caught.details.map(({ message }) => message)].join('\n');
}
