import { z } from 'zod';
import { anchor } from '../chain.js';
import { base64url, hash, institutionId, millis, opaqueId } from '../scalars.js';

const inTransit = {
  recordId: opaqueId,
  /** HMAC of the patient's identifier under the institution's own key: the ordering key. */
  patientKey: hash,
  /** HMAC of the encounter, else of the calendar month. */
  episode: hash,
  /** Reference to a payload sealed under the institution's transit key. */
  payload: opaqueId,
};

/** A message stands durably in the inbox and was acknowledged; its mapping follows. */
export const messageAccepted = z.strictObject({
  messageId: opaqueId,
  patientKey: hash,
  payload: opaqueId,
  kind: z.enum(['hl7v2', 'fhir']),
  feed: z.string().max(64),
  receivedAt: millis,
});

/** A message became a FHIR R4 Bundle. */
export const recordReceived = z.strictObject({
  ...inTransit,
  messageId: opaqueId,
  mapping: z.string().max(64),
  receivedAt: millis,
});

/** A record was labelled and cut into sections. */
export const recordClassified = z.strictObject({ ...inTransit, policy: z.string().max(80), receivedAt: millis });

/** A record's sections are stored as ciphertext; its anchor is written down and may be submitted any number of times. */
export const recordSealed = z.strictObject({
  recordId: opaqueId,
  patientKey: hash,
  institution: institutionId,
  anchor,
  receivedAt: millis,
});

/** The anchor is committed on the region's chain. */
export const recordAnchored = z.strictObject({
  recordId: opaqueId,
  patientKey: hash,
  tag: hash,
  txId: base64url.max(64),
  block: millis,
  receivedAt: millis,
});
