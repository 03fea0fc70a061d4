import { parseTimestamp } from './timestamp.js';

/** Whether a text is of a data type; the text is one component, unescaped, never empty. */
export type ValueType = (text: string) => boolean;

/** NM: HL7 v2.5 section 2.A.47 */
const number: ValueType = (text) => /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text.trim()) && text.length <= 64;

const time: ValueType = (text) => /^([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,4})?)?)?([+-]\d{4})?$/.test(text);

const instant: ValueType = (text) => {
  try {
    // only whether it exists: a fixed offset spares the zone's calendar
    parseTimestamp(text, '+00:00');
    return true;
  } catch {
    return false;
  }
};

const of = (codes: string): ValueType => {
  const known = new Set(codes.split(' '));
  return (text) => known.has(text);
};

/** Data types by their HL7 names, and tables (HL70085 …) whose codes are closed. */
export const valueTypes = {
  DT: (text: string) => /^\d{4}(\d\d(\d\d)?)?$/.test(text) && instant(text),
  TM: time,
  TS: instant,
  NM: number,
  SI: (text: string) => /^\d{1,6}$/.test(text),
  /** order control, result status, observation status, data types, processing id, yes/no, acknowledgement condition */
  HL70119: of(
    'AF CA CH CN CP CR DC DE DF DR FU HD HR LI MC NA NR NW OC OD OE OF OH OK OP OR PA PR PY RC RD RE RF RL RO RP RQ RR RU SC SN SR SS UA UC UD UF UH UM UN UR UX XO XR XX',
  ),
  HL70123: of('A C F I M N O P R S X Y Z'),
  HL70085: of('A B C D F I N O P R S U V W X'),
  HL70125: of(
    'AD AU CE CF CK CN CNE CNN CP CQ CWE CX DLN DT DR DTM DTN ED EI FN FT GTS HD ID IS JCC MA MF MO NA NM OG PL PN PPN RI RP SAD SI SN SPD SRT ST TM TN TS TX VH VID XAD XCN XON XPN XTN',
  ),
  HL70103: of('P T D'),
  /** with the words that some senders write out */
  HL70136: of('Y N YES NO'),
  HL70155: of('AL NE ER SU'),
} as const satisfies Record<string, ValueType>;

export type ValueTypeName = keyof typeof valueTypes;

/** segment → field → type of each repetition's first component, for the fields that records are made of (HL7 v2.5.1 segment tables). */
export const fieldTypes: Readonly<Record<string, Readonly<Record<number, ValueTypeName>>>> = {
  MSH: { 7: 'TS', 11: 'HL70103', 15: 'HL70155', 16: 'HL70155' },
  EVN: { 2: 'TS', 3: 'TS', 6: 'TS' },
  PID: { 1: 'SI', 7: 'TS', 24: 'HL70136', 25: 'NM', 29: 'TS', 30: 'HL70136', 33: 'TS' },
  NK1: { 1: 'SI', 8: 'DT', 9: 'DT', 16: 'TS' },
  PV1: { 1: 'SI', 44: 'TS', 45: 'TS' },
  DG1: { 1: 'SI', 5: 'TS', 19: 'TS' },
  AL1: { 1: 'SI', 6: 'DT' },
  IN1: { 1: 'SI', 12: 'TS', 13: 'TS' },
  ORC: { 1: 'HL70119', 9: 'TS' },
  OBR: { 1: 'SI', 6: 'TS', 7: 'TS', 8: 'TS', 14: 'TS', 22: 'TS', 25: 'HL70123' },
  OBX: { 1: 'SI', 2: 'HL70125', 11: 'HL70085', 14: 'TS', 19: 'TS' },
  NTE: { 1: 'SI' },
  SPM: { 1: 'SI', 17: 'TS', 18: 'TS' },
  IAM: { 1: 'SI', 11: 'TS', 13: 'TS' },
  PR1: { 1: 'SI', 5: 'TS' },
  PRB: { 2: 'TS', 7: 'TS', 9: 'TS', 16: 'TS' },
  GOL: { 2: 'TS', 7: 'TS', 8: 'TS' },
  TQ1: { 1: 'SI', 7: 'TS', 8: 'TS' },
  RXA: { 3: 'TS', 4: 'TS', 6: 'NM', 16: 'TS', 22: 'TS' },
  RXO: { 2: 'NM', 3: 'NM', 11: 'NM' },
  RXE: { 3: 'NM', 4: 'NM', 10: 'NM' },
  RXD: { 3: 'TS', 4: 'NM' },
  TXA: { 1: 'SI', 4: 'TS', 6: 'TS', 8: 'TS' },
  AIS: { 4: 'TS' },
  AIG: { 8: 'TS' },
  AIL: { 6: 'TS' },
  AIP: { 6: 'TS' },
  FT1: { 4: 'TS', 5: 'TS', 10: 'NM' },
  RF1: { 7: 'TS', 8: 'TS', 9: 'TS' },
};

/** OBX-2 → type of OBX-5's first component; other data types are any text. */
export const observationTypes: Readonly<Record<string, ValueTypeName>> = {
  NM: 'NM',
  DT: 'DT',
  TM: 'TM',
  TS: 'TS',
  DTM: 'TS',
  SI: 'SI',
};
