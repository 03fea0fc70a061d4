import { z } from 'zod';
import { emergencyEvidence } from '../chain.js';
import { hash, institutionId, millis, opaqueId } from '../scalars.js';

/** Something about an access request was committed on the region's chain. */
export const chainChanged = z.strictObject({
  kind: z.enum(['requested', 'approved', 'granted', 'revoked', 'emergency']),
  requestId: hash,
  /** Owner of the record the request is about. */
  owner: institutionId,
  /** Institution that asked. */
  requester: institutionId,
  block: millis,
});

/** A version of a consent was recorded: it is to be anchored, and what it no longer allows is to be withdrawn. */
export const consentRecorded = z.strictObject({
  consentId: opaqueId,
  version: z.int().min(1).max(1_000_000),
  commitment: hash,
});

/** An institution was told which deal a request is about; its services decide by themselves, its people are shown it. */
export const requestNoticed = z.strictObject({ requestId: hash });

/**
 * The same of an emergency while the chain is away. It has a topic of its own: in `request.noticed` it would wait behind requests whose
 * approvals wait for the chain.
 */
export const emergencyNoticed = requestNoticed;

/** A custodian released fragments while the chain was away: the evidence goes to the chain as soon as it is back. */
export const emergencyReleased = z.strictObject({ evidence: emergencyEvidence });
