import type { Blobs } from '@medshare/blobs';
import type { Bus } from '@medshare/bus';
import type { Clock, Random } from '@medshare/clock';
import type { KeyPair, Suite } from '@medshare/crypto';
import type { Database } from '@medshare/database';
import type { Region } from '@medshare/events';
import type { KeyEncryption } from '@medshare/keys';
import type { Inbox, Outbox } from '@medshare/outbox';
import type { Peers } from '@medshare/peers';
import type { Logger, Metrics } from '@medshare/telemetry';
import type { Transit } from '@medshare/transit';
import type { AuditTrail } from './audit-trail.js';

/** The roles this release knows; `apps/medshare/src/roles.ts` maps each to its module. */
export const roleNames = ['ingest', 'classifier', 'vault', 'ledger', 'access', 'reader', 'audit'] as const;
export type RoleName = (typeof roleNames)[number];

/**
 * Everything a role of one institution is given, already built from the configuration: a role never chooses a driver.
 * Each role has a database schema, an outbox and a signing key of its own.
 */
export interface RoleContext {
  readonly role: RoleName;
  readonly institution: string;
  readonly region: Region;
  readonly suite: Suite;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The role's own schema, migrated. */
  readonly database: Database;
  readonly bus: Bus;
  /** Outbox in the role's own schema; its relay runs while the application runs. */
  readonly outbox: Outbox;
  /** Inbox in the role's own schema: one effect a message, parks what cannot be done. */
  readonly inbox: Inbox;
  readonly blobs: Blobs;
  readonly peers: Peers;
  readonly keyEncryption: KeyEncryption;
  /** The role's signing key, registered with the region under its name. */
  readonly signingKey: KeyPair;
  /** HMAC of a patient's identifier under the institution's patient key: {system, value} → base64url, 32 bytes. */
  readonly patientKey: (system: string, value: string) => string;
  readonly transit: Transit;
  readonly audit: AuditTrail;
  /** Text of the files below `policies/<folder>`, by relative path. */
  readonly policyFiles: (folder: string) => Record<string, string>;
}

/** Nest injection token of the role's context; each role's module provides its own. */
export const ROLE_CONTEXT = Symbol('role context');
