import type { Region } from '@medshare/events/chain';
import type { OnFinding } from '../finding.js';
import type { SubmissionSettings } from '../submissions.js';

/** Who the institution is on its network, and where its peer is. PEM texts. */
export interface FabricAccess {
  /** `host:port` of the Gateway service, which is part of the institution's own peer. */
  readonly gateway: string;
  readonly channel: string;
  /** Name under which the chaincode is committed. */
  readonly chaincode: string;
  readonly mspId: string;
  /** Certificate of the client identity (NodeOU `client`), and its private key. */
  readonly cert: string;
  readonly key: string;
  readonly tls: {
    /** Authorities of the peer's TLS certificate; the system's when left out. */
    readonly authorities?: string;
    /** Ours, where the peer asks for one. */
    readonly cert?: string;
    readonly key?: string;
    /** Name that the peer's certificate must carry; the host when left out. */
    readonly serverName?: string;
  };
}

/** Limits and times of the ledger on Fabric; every default is a constant with its unit. */
export interface FabricSettings extends SubmissionSettings {
  /** How long one organisation may take to endorse, ms. */
  readonly endorseMs: number;
  /** How long the ordering service may take to accept a transaction, ms. */
  readonly submitMs: number;
  /** How long a caller waits for its commit, ms. The transaction is kept and may still commit: harmless. */
  readonly commitMs: number;
  /** How long one organisation may take to say that it is there, ms. */
  readonly pingMs: number;
  /** Proposals that one client has at the organisations at one time; the others wait. More of them only make each other lose. */
  readonly proposals: number;
  /** Proposals afresh while organisations are at different heights, and the pause before each, ms. */
  readonly lagRetries: number;
  readonly lagPauseMs: number;
  /** A kept transaction whose commit was not seen for so long goes to the ordering service again, ms. */
  readonly resubmitMs: number;
  /** Pause before the peer is asked for blocks again after a failure, ms. */
  readonly followPauseMs: number;
  /** How often the files of the own certificates are looked at, ms. */
  readonly renewMs: number;
}

export const defaultSettings: FabricSettings = {
  endorseMs: 10_000,
  submitMs: 10_000,
  commitMs: 60_000,
  pingMs: 3000,
  submissions: 1000,
  proposals: 16,
  conflictRetries: 100,
  lagRetries: 60,
  lagPauseMs: 100,
  resubmitMs: 3000,
  followPauseMs: 500,
  conflictPauseMs: 400,
  renewMs: 30_000,
};

/** What the parts of the driver have in common. */
export interface FabricParts {
  readonly institution: string;
  readonly region: Region;
  readonly settings: FabricSettings;
  readonly onFinding: OnFinding;
}
