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

/** What a message says of several patients, or of several numbers of one. */
export const linkKind = z.enum(['merge', 'move', 'change', 'link', 'unlink', 'swap']);
export type LinkKind = z.infer<typeof linkKind>;

/** A message joined patients, parted them, or moved something between them; it stands in the stream of each of them. */
export const patientLinked = z.strictObject({
  messageId: opaqueId,
  recordId: opaqueId,
  kind: linkKind,
  /** whom the message is about: who remains, of a merge */
  patientKey: hash,
  /** keys of every other identifier that it names them by, and of the streams in which those came before */
  others: z.array(hash).max(31),
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
