import type { SubmissionSettings } from '../submissions.js';

/** Limits and times of the embedded ledger; every default is a constant with its unit. */
export interface EmbeddedSettings extends SubmissionSettings {
  /** Time from the first transaction of a block until it is cut, ms. */
  readonly blockMs: number;
  /** Transactions that cut a block at once. */
  readonly blockTransactions: number;
  /** Bytes of transactions that cut a block at once. */
  readonly blockBytes: number;
  /** Transactions that wait at the orderer before it refuses more. */
  readonly queued: number;
  /** How long one member may take to endorse, ms. */
  readonly endorseMs: number;
  /** How long a client resubmits an endorsed transaction before it gives up, ms. The transaction may still commit: harmless. */
  readonly commitMs: number;
  /** Proposals afresh while members are at different heights. */
  readonly lagRetries: number;
  /** How long a pull waits for the next block, ms. */
  readonly pollMs: number;
}

export const defaultSettings: EmbeddedSettings = {
  blockMs: 50,
  blockTransactions: 200,
  blockBytes: 4 * 1024 * 1024,
  queued: 2000,
  submissions: 1000,
  endorseMs: 5000,
  commitMs: 30_000,
  conflictRetries: 60,
  conflictPauseMs: 100,
  lagRetries: 60,
  pollMs: 5000,
};
