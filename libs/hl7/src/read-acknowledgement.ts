import { parseMessage } from './parse-message.js';

/** What MSA says (HL7 v2.5.1 section 2.15.8). */
export type AcknowledgementRead = {
  /** MSA-1 */
  readonly code: string;
  /** MSA-2: MSH-10 of what is acknowledged */
  readonly controlId: string;
};

const looksLikeOne = /^MSH(.)[^\r\n]*\1ACK/;

/**
 * Reads a general acknowledgement; looks at the header only until it is one.
 * @returns undefined for any other message, and for what cannot be parsed
 */
export const readAcknowledgement = (bytes: Uint8Array): AcknowledgementRead | undefined => {
  if (!looksLikeOne.test(String.fromCharCode(...bytes.subarray(0, 512)))) return undefined;
  try {
    const message = parseMessage(bytes);
    const code = message.text('MSA-1');
    if (message.type !== 'ACK' || code === undefined) return undefined;
    return { code, controlId: message.text('MSA-2') ?? '' };
  } catch {
    return undefined;
  }
};
