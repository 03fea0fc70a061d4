import type { ProblemCode } from '@medshare/problems';

/** What one member did differently from the others: for logs, metrics and whoever must be asked. */
export interface MemberFinding {
  readonly institution: string;
  readonly code: Extract<
    ProblemCode,
    | 'ledger.chaincode-mismatch'
    | 'ledger.endorsement-mismatch'
    | 'ledger.clock'
    | 'ledger.tampered'
    | 'ledger.unavailable'
  >;
  readonly detail: string;
}

/** Told of everything that a member does wrong, whether or not a transaction went through in spite of it. */
export type OnFinding = (finding: MemberFinding) => void;
