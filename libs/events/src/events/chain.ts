import { z } from 'zod';
import { hash, institutionId, millis } from '../scalars.js';

/** Something about an access request was committed on the region's chain. */
export const chainChanged = z.strictObject({
  kind: z.enum(['requested', 'approved', 'granted', 'revoked']),
  requestId: hash,
  /** Owner of the record the request is about. */
  owner: institutionId,
  /** Institution that asked. */
  requester: institutionId,
  block: millis,
});
