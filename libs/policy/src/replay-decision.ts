import { evaluateConsents, digestOf, versionCommitment, type ConsentVersion } from '@medshare/consent';
import { documentHash, fromBase64url, suite, verifyDocument, type SuiteName } from '@medshare/crypto';
import { isProblem } from '@medshare/problems';
import { loadAccessPolicy } from './access-policy.js';
import { decide } from './decide.js';
import type { Decision, DecisionInput } from './decision.js';

/** What a decision rested on besides what its receipt says. The receipt commits to it. */
export interface DecisionInputs {
  readonly version: 1;
  readonly relation: 'treating' | 'none';
  readonly level: number;
  readonly requestedDays: number;
  /** HMACs of the patients that the ask was about */
  readonly patients: readonly string[];
  readonly salt: string;
}

/** A receipt as far as replaying looks at it. */
export interface SignedReceipt {
  readonly id: string;
  readonly time: number;
  readonly owner: string;
  readonly requester: { readonly institution: string; readonly person: string; readonly roles: readonly string[] };
  readonly purpose: string;
  readonly class: string;
  readonly policyHash: string;
  readonly outcome: 'permit' | 'deny';
  readonly problem?: string | undefined;
  readonly legalBasis?: string | undefined;
  readonly approval?: 'none' | 'required' | undefined;
  readonly rules: readonly string[];
  readonly obligations: readonly string[];
  readonly consents: readonly string[];
  readonly inputs?: string | undefined;
  readonly signature?: string | undefined;
}

/** Everything that an institution gives for the replay of one receipt. */
export interface ReplayMaterial {
  readonly receipt: SignedReceipt;
  readonly inputs: DecisionInputs;
  readonly policy: { readonly members: readonly string[]; readonly files: Readonly<Record<string, string>> };
  /** The patients' consents as they stood then: the latest version of each. */
  readonly consents: readonly { readonly version: ConsentVersion; /** base64url */ readonly resource: string }[];
}

export interface Difference {
  /** `signature`, `inputs`, `policy`, `consents`, or the receipt's field */
  readonly what: string;
  readonly recorded?: unknown;
  readonly replayed?: unknown;
}

/** What a receipt carries of a consent's version. */
export const blindedConsent = (name: SuiteName, receiptId: string, commitment: string): string =>
  documentHash(suite(name), 'receipt-consent', 1, { receipt: receiptId, consent: commitment });

export const inputsHash = (name: SuiteName, inputs: DecisionInputs): string =>
  documentHash(suite(name), 'decision-inputs', 1, inputs);

/**
 * Recomputes a decision from its receipt and what the institution kept of it, believing neither.
 * @param trusted the region's suite and the owner's public access key, known from elsewhere
 * @returns what differs; nothing, if the receipt says what its policy, consents and inputs come to
 */
export function replayDecision(
  { receipt, inputs, policy, consents }: ReplayMaterial,
  trusted: { readonly suite: SuiteName; readonly accessKey: string },
): Difference[] {
  const { signature = '', ...body } = receipt;
  const used = suite(trusted.suite);
  const found: Difference[] = [];
  if (!verifyDocument(used, trusted.accessKey, 'receipt', 1, body, signature)) found.push({ what: 'signature' });
  const committed = inputsHash(trusted.suite, inputs);
  if (receipt.inputs !== committed) found.push({ what: 'inputs', recorded: receipt.inputs, replayed: committed });
  const stated = consents.flatMap(({ version, resource }, at) => {
    const bytes = fromBase64url(resource);
    if (digestOf(bytes) !== version.digest)
      found.push({ what: `consents[${at}]`, recorded: version.digest, replayed: digestOf(bytes) });
    if (version.recordedAt > receipt.time)
      found.push({ what: `consents[${at}]`, recorded: 'recorded after the decision' });
    return [{ commitment: versionCommitment(used, version), resource: parse(bytes) }];
  });
  const answer = evaluateConsents(stated, {
    requester: receipt.requester,
    purpose: receipt.purpose,
    class: receipt.class,
    at: receipt.time,
    institutions: new Set(policy.members),
  });
  const quoted = answer.considered.map((one) => blindedConsent(trusted.suite, receipt.id, one)).sort();
  const { relation, level, requestedDays } = inputs;
  const { requester, owner, class: dataClass, purpose } = receipt;
  const input: DecisionInput = {
    requester,
    owner,
    class: dataClass,
    level,
    purpose,
    relation,
    requestedDays,
    consent: answer.said,
    consentRules: answer.rules,
  };
  const decision = recompute(policy, input);
  return [...found, ...compare('consents', [...receipt.consents].sort(), quoted), ...differencesOf(receipt, decision)];
}

function recompute({ members, files }: ReplayMaterial['policy'], input: DecisionInput): Decision | string {
  try {
    return decide(loadAccessPolicy(files, { members }), input);
  } catch (caught) {
    return isProblem(caught) ? caught.message : 'the policy cannot be read';
  }
}

function differencesOf(receipt: SignedReceipt, decision: Decision | string): Difference[] {
  if (typeof decision === 'string') return [{ what: 'policy', recorded: receipt.policyHash, replayed: decision }];
  return [
    ...compare('policy', receipt.policyHash, decision.policyHash),
    ...compare('outcome', receipt.outcome, decision.outcome),
    ...compare('problem', receipt.problem, decision.problem),
    ...compare('legalBasis', receipt.legalBasis, decision.legalBasis),
    ...compare('approval', receipt.approval, decision.approval),
    ...compare('rules', receipt.rules, decision.rules),
    ...compare('obligations', receipt.obligations, decision.obligations),
  ];
}

const compare = (what: string, recorded: unknown, replayed: unknown): Difference[] =>
  JSON.stringify(recorded) === JSON.stringify(replayed) ? [] : [{ what, recorded, replayed }];

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
