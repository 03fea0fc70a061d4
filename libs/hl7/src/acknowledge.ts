import { textOf, type Language, type Problem } from '@medshare/problems';
import { addresseeOf, type Addressee } from './addressee.js';
import type { AckCondition } from './acknowledgement-mode.js';
import { encodingCharacters } from './delimiters.js';
import { escape } from './escapes.js';
import type { Message } from './message.js';
import { parsePosition } from './position.js';
import { stampOf } from './timestamp.js';

/** Original mode AA, AE, AR; enhanced mode CA, CE, CR (HL7 table 0008). */
export type AckCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR';

export type Acknowledgement = {
  readonly code: AckCode;
  /** why not; the first 50 become ERR segments */
  readonly problems?: readonly Problem[];
  /** milliseconds since the epoch, written in UTC */
  readonly time: number;
  /** MSH-10 of the acknowledgement */
  readonly controlId: string;
  /** what could not be parsed: as far as its header is plain ASCII, it is mirrored, so that the sender knows which message was refused */
  readonly refused?: Uint8Array;
  /** MSH-3 and MSH-4 where the message does not say whom it was sent to */
  readonly sender?: { readonly application: string; readonly facility: string };
  /** MSH-15 of an application acknowledgement in enhanced mode: whether it shall be acknowledged itself; its MSH-16 is then NE */
  readonly accept?: AckCondition;
  /** of the texts of problems (ERR-5.2, ERR-8), default English; English too where the message's character set cannot write them */
  readonly language?: Language | undefined;
};

/**
 * Writes the acknowledgement (HL7 v2.5.1 section 2.9.2): MSH with the parties swapped and the message's own delimiters, character set,
 * processing id and version; MSA; an ERR for each problem. ERR has its fields since 2.5 (section 2.15.5), before that ERR-1.
 * @param message undefined when nothing could be parsed; the answer then mirrors what `refused` says, or nothing
 */
export const acknowledge = (message: Message | undefined, answer: Acknowledgement): Uint8Array => {
  const to = addresseeOf(message, answer.refused);
  const problems = (answer.problems ?? []).slice(0, 50);
  const segments = [
    msh(to, answer),
    msa(to, answer),
    ...problems.map((each) => err(to, each, message && answer.language)),
  ];
  return to.codec.encode(segments.map((fields) => fields.join(to.delimiters.field) + '\r').join(''));
};

/** 2.1 … 2.4 against 2.5 and later; an unknown version gets the later form */
const isOld = (version: string): boolean => /^2\.[1-4](\.|$)/.test(version);

/** What stands in a field that decides how the answer is read is mirrored if it can be such a thing, never as free text. */
const mirrored = (text: string, form: RegExp): string => (form.test(text) ? text : '');
const isVersion = (text: string): boolean => /^\d[\d.]{0,9}$/.test(text);

const versionOf = (to: Addressee): string => to.raw(12).split(to.delimiters.component)[0] ?? '';

const msh = (to: Addressee, { time, controlId, sender, accept }: Acknowledgement): string[] => {
  const { delimiters: marks, raw } = to;
  const own = (text: string | undefined) => escape(text ?? '', marks);
  const structured = versionOf(to) === '' || !/^2\.[12]$/.test(versionOf(to));
  const type = structured && to.trigger !== '' ? ['ACK', to.trigger, 'ACK'].join(marks.component) : 'ACK';
  const fields = [
    'MSH',
    encodingCharacters(marks),
    raw(5) || own(sender?.application),
    raw(6) || own(sender?.facility),
  ];
  fields.push(
    raw(3),
    raw(4),
    stampOf(time),
    '',
    type,
    own(controlId),
    mirrored(raw(11), /^[A-Z]\W?[A-Z]?$/) || 'P',
    isVersion(versionOf(to)) ? raw(12) : '2.5.1',
  );
  return trimmed([...fields, '', '', accept ?? '', accept === undefined ? '' : 'NE', '', raw(18)]);
};

const msa = (to: Addressee, { code }: Acknowledgement): string[] => ['MSA', code, to.raw(10)];

/** HL7 table 0357 */
const conditions: Readonly<Record<string, string>> = {
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '104': 'Value too long',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '205': 'Duplicate key identifier',
  '206': 'Application record locked',
  '207': 'Application internal error',
};

const err = (to: Addressee, each: Problem, language: Language | undefined): string[] => {
  const { component, subcomponent } = to.delimiters;
  const text = (value: string) => escape(value, to.delimiters);
  const at = parsePosition(each.where ?? '');
  const error = each.hl7.error;
  const coded = [error, conditions[error] ?? '', 'HL70357'];
  if (isOld(versionOf(to)))
    return ['ERR', [at?.segment, at?.occurrence, at?.field, coded.map(text).join(subcomponent || ' ')].join(component)];
  const location = at && [at.segment, at.occurrence, at.field, at.repetition, at.component, at.subcomponent];
  const place = location === undefined ? '' : trimmed(location.map((part) => String(part ?? ''))).join(component);
  const title = titleOf(to, each, language);
  const own = [each.code, title, 'L'];
  const fields = ['ERR', '', place, coded.map(text).join(component), 'E', own.map(text).join(component), ''];
  return trimmed([...fields, text(diagnosis(each)), text(title)]);
};

const titleOf = ({ codec }: Addressee, { code, title }: Problem, language: Language = 'en'): string => {
  if (language === 'en') return title;
  const told = textOf(code, language).title;
  try {
    codec.encode(told);
    return told;
  } catch {
    return title;
  }
};

const diagnosis = ({ where, detail }: Problem): string =>
  [where, detail].filter((part) => part !== undefined).join(': ');

const trimmed = (parts: readonly string[]): string[] => parts.slice(0, parts.findLastIndex((part) => part !== '') + 1);
