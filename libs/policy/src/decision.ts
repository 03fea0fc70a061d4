import type { ProblemCode } from '@medshare/problems';

export type Approval = 'none' | 'required';

/** Who asks, for what, of whom. All of it is established by the caller; nothing here is believed from the requester. */
export type DecisionInput = {
  readonly requester: {
    readonly institution: string;
    readonly roles: readonly string[];
    /** pseudonym of the person */
    readonly person: string;
  };
  /** institution that made the record */
  readonly owner: string;
  /** `ordinary` or `sensitive:<category>` */
  readonly class: string;
  /** 1–5 */
  readonly level: number;
  /** HL7 v3 PurposeOfUse code */
  readonly purpose: string;
  readonly relation: 'treating' | 'none';
  /** how long the grant shall last, days ≥ 1 */
  readonly requestedDays: number;
  /** hour of the day at the requester's institution, 0–23, where a policy asks for it */
  readonly hour?: number;
  /** what the patient's consents say about this question; absent is `unknown`, which satisfies no opt-in */
  readonly consent?: 'given' | 'refused' | 'unknown';
  /** why, for the receipt; quoted where the legal basis looks at consents */
  readonly consentRules?: readonly string[];
};

export type Decision = {
  readonly outcome: 'permit' | 'deny';
  /** set on every deny */
  readonly problem?: Extract<ProblemCode, 'access.denied' | 'access.no-legal-basis' | 'request.invalid'>;
  /** id of the row of the legal-basis file, `<jurisdiction>:<row>` */
  readonly legalBasis?: string;
  /** name of the formula of the class; set on every permit */
  readonly formulaName?: string;
  readonly approval: Approval;
  /** ids of the legal-basis row and of the Cedar policies that determined the outcome */
  readonly rules: readonly string[];
  /** `max-days:<n>`, `retain-days:<n>`, `consent:opt-out|opt-in`, `notify:<role>@<institution>` … */
  readonly obligations: readonly string[];
  /** base64url SHA-256 over every file of the access policy */
  readonly policyHash: string;
};

/** What a decision rested on, as plain data; signed by its maker and replayable by a regulator. */
export type DecisionReceipt = {
  readonly version: 1;
  readonly id: string;
  readonly policyHash: string;
  readonly legalBasis?: string;
  readonly rules: readonly string[];
  readonly obligations: readonly string[];
  readonly consents: readonly string[];
  readonly enforced: 'mathematics' | 'code';
  readonly outcome: 'permit' | 'deny';
  readonly problem?: string;
  readonly purpose: string;
  readonly class: string;
  readonly requester: { readonly institution: string; readonly person: string; readonly roles: readonly string[] };
  readonly owner: string;
  /** ms since the epoch */
  readonly time: number;
};
