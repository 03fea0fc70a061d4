import { Problem, problem } from '@medshare/problems';

/** A signature, certificate or envelope that does not verify: nothing is said about why. */
export const forged = (where: string): Problem => problem('access.forged', { where });
export const expired = (where: string): Problem => problem('access.expired', { where });
