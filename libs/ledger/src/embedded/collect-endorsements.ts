import { asProblem, problem } from '@medshare/problems';
import type { OnFinding } from '../finding.js';
import { deviations, judge, type Judgement, type Reply } from './judge-replies.js';
import { endorseResponse, type SignedProposal } from './messages.js';
import type { Peer } from './peer.js';
import type { Transport } from './transport.js';

export interface EndorsersParts {
  readonly peer: Peer;
  readonly transport: Transport;
  readonly endorseMs: number;
  readonly onFinding: OnFinding;
}

/**
 * Asks every member to execute a proposal. Resolves as soon as enough of them agree: a member that deviates or is away neither stops nor
 * slows a transaction that a quorum endorses, but is reported to `onFinding`, when its reply comes, also after the decision.
 */
export async function collectEndorsements(parts: EndorsersParts, signed: SignedProposal): Promise<Judgement> {
  const { peer, onFinding } = parts;
  const { region, institution, signing } = peer.parts;
  const txId = signing.hash('proposal', signed.proposal);
  const replies: Reply[] = [];
  return new Promise((resolve) => {
    let decided: Judgement | undefined;
    const take = (reply: Reply) => {
      replies.push(reply);
      const fresh = decided === undefined ? replies : [reply];
      if (decided === undefined) {
        decided = judge(replies, region.members.length - replies.length, region.endorsements, institution);
        if (decided !== undefined) resolve(decided);
      }
      if (decided?.kind === 'agreed') deviations(fresh, decided.endorsements).forEach(onFinding);
    };
    for (const { id } of region.members) void askOne(parts, id, signed, txId).then(take);
  });
}

/** Never rejects: whatever goes wrong with one member is its reply. */
async function askOne(
  { peer, transport, endorseMs }: EndorsersParts,
  institution: string,
  signed: SignedProposal,
  txId: string,
): Promise<Reply> {
  try {
    const own = institution === peer.parts.institution;
    const signal = AbortSignal.timeout(endorseMs);
    const answer = await (own
      ? peer.endorse(signed)
      : withTimeout(transport.endorse(institution, signed, signal), signal));
    return checkReply(peer, institution, answer, txId);
  } catch (caught) {
    return { institution, problem: asProblem(caught) };
  }
}

function checkReply(peer: Peer, institution: string, answer: unknown, txId: string): Reply {
  const parsed = endorseResponse.safeParse(answer);
  if (parsed.success) {
    const { endorsement, outcome } = parsed.data;
    const { signature, ...content } = endorsement;
    const { signing } = peer.parts;
    const fits =
      content.institution === institution &&
      content.proposal === txId &&
      content.outcome === signing.hash('outcome', outcome) &&
      signing.holds(institution, 'endorsement', content, signature);
    if (fits) return { institution, endorsement, outcome };
  }
  const detail = 'the endorsement does not verify';
  return { institution, problem: problem('ledger.endorsement-mismatch', { where: institution, detail }) };
}

/** A transport may not heed the signal. */
function withTimeout<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    const refuse = () => reject(problem('ledger.unavailable', { detail: 'no answer in time' }));
    signal.addEventListener('abort', refuse, { once: true });
  });
  return Promise.race([work, late]);
}
