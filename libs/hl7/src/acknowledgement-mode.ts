import { addresseeOf } from './addressee.js';
import type { Message } from './message.js';

/** When an acknowledgement is wanted (HL7 table 0155): always, never, on errors only, on success only. */
export type AckCondition = 'AL' | 'NE' | 'ER' | 'SU';
const conditions: readonly string[] = ['AL', 'NE', 'ER', 'SU'];

/** How a sender wants to be answered. */
export type AckMode =
  | { readonly enhanced: false }
  | {
      readonly enhanced: true;
      /** MSH-15: of the acknowledgement that the message is kept */
      readonly accept: AckCondition;
      /** MSH-16: of the later acknowledgement that it was worked on */
      readonly application: AckCondition;
    };

const original: AckMode = { enhanced: false };

/**
 * HL7 v2.5.1 sections 2.9.2 and 2.9.3: the enhanced mode holds when MSH-15 or MSH-16 is valued; the other one then means never. What is
 * not in table 0155 is read as AL, so that a sender that erred is told.
 * @param refused what could not be parsed, where there is no message
 */
export const acknowledgementMode = (message: Message | undefined, refused?: Uint8Array): AckMode => {
  const { raw } = addresseeOf(message, refused);
  const [accept, application] = [raw(15), raw(16)].map((text) => (text === '""' ? '' : text));
  if (!accept && !application) return original;
  return { enhanced: true, accept: conditionOf(accept), application: conditionOf(application) };
};

const conditionOf = (text: string | undefined): AckCondition =>
  !text ? 'NE' : conditions.includes(text) ? (text as AckCondition) : 'AL';

/** Whether an acknowledgement is wanted of something that went well, or did not. */
export const isWanted = (condition: AckCondition, success: boolean): boolean =>
  condition === 'AL' || condition === (success ? 'SU' : 'ER');
