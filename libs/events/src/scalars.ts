import { z } from 'zod';

/** The scalar shapes every event, route and chain document is made of. Binary is base64url without padding. */
export const base64url = z.string().regex(/^[A-Za-z0-9_-]*$/, 'must be base64url without padding');
/** 32 bytes: a hash, a tag, a key identifier. */
export const hash = base64url.length(43);
/** A compressed point of P-256 or SM2, 33 bytes. */
export const publicKey = base64url.length(44);
/** r‖s, 64 bytes. */
export const signature = base64url.length(86);
export const institutionId = z.string().regex(/^[a-z][a-z0-9-]{1,30}$/);
export const opaqueId = z.uuid();
/** Milliseconds since the epoch. */
export const millis = z.int().nonnegative();
export const cid = z.string().regex(/^b[a-z2-7]{20,100}$/, 'must be a CIDv1 in base32');
/** `ordinary` or `sensitive:<category>`. */
export const sensitivityClass = z.string().regex(/^(ordinary|sensitive:[a-z-]{2,30})$/);
export const suiteName = z.enum(['sm', 'intl']);
/** A code of HL7 v3 PurposeOfUse. */
export const purpose = z.string().regex(/^[A-Z]{2,16}$/);
