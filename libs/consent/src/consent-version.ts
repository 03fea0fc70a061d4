import { sha256 } from '@noble/hashes/sha2.js';
import { documentHash, toBase64url, type Suite } from '@medshare/crypto';

/** One immutable version of a consent: its bytes as they were recorded, and who recorded them. */
export interface ConsentVersion {
  readonly id: string;
  /** from 1 */
  readonly version: number;
  /** base64url SHA-256 over the resource's bytes */
  readonly digest: string;
  /** 32 random bytes, base64url: without them nobody can try what a commitment stands for */
  readonly salt: string;
  /** commitment of the version before */
  readonly previous?: string;
  /** ms */
  readonly recordedAt: number;
  readonly recordedBy: string;
}

/** @returns what the chain anchors and receipts are blinded from: it ties content, author, time and the history before it */
export const versionCommitment = (suite: Suite, version: ConsentVersion): string =>
  documentHash(suite, 'consent-version', 1, version);

export const digestOf = (bytes: Uint8Array): string => toBase64url(sha256(bytes));

/** @returns the patient's identifier, if the consent names exactly one that can be looked up */
export function patientOf(resource: Readonly<Record<string, unknown>>): { system: string; value: string } | undefined {
  const { identifier } = (resource['patient'] ?? {}) as { identifier?: { system?: unknown; value?: unknown } };
  const { system, value } = identifier ?? {};
  return typeof system === 'string' && typeof value === 'string' && system !== '' && value !== ''
    ? { system, value }
    : undefined;
}
