import { createHash } from 'node:crypto';

/**
 * The trace of one ask, from asking to opening. Days, people and institutions lie between its steps, and nothing but the ask's id is known
 * to all of them: so trace and first span are named after it, and nobody has to hand anything on.
 * @returns a traceparent; whether it is sampled follows from its id and the ratio, alike at everybody with the same ratio
 */
export const askTraceparent = (askId: string): string => {
  const digest = createHash('sha256').update(`medshare/trace/ask/${askId}`).digest('hex');
  return `00-${digest.slice(0, 32)}-${digest.slice(32, 48)}-01`;
};
