/**
 * What medshare accepts: message types and trigger events, with the segments that must be there for a record to be made of them.
 * Segments follow the abstract message syntax of HL7 v2.5.1 chapters 3 and 7; where the standard leaves PID optional (ORU) a record needs it.
 */
export type Structure = {
  /** segments that must be present */
  readonly requires: readonly string[];
  /** segment → a segment that must have come before it */
  readonly after: Readonly<Record<string, string>>;
};

const order = {
  PD1: 'PID',
  NK1: 'PID',
  PV1: 'PID',
  PV2: 'PV1',
  DG1: 'PID',
  AL1: 'PID',
  IN2: 'IN1',
  IN3: 'IN1',
  MRG: 'PID',
};

const visit: Structure = { requires: ['EVN', 'PID', 'PV1'], after: order };
const person: Structure = { requires: ['EVN', 'PID'], after: order };
const merge: Structure = { requires: ['EVN', 'PID', 'MRG'], after: order };
const allergy: Structure = { requires: ['EVN', 'PID'], after: { ...order, IAM: 'PID' } };
const result: Structure = {
  requires: ['PID', 'OBR'],
  after: { PD1: 'PID', NK1: 'PID', PV1: 'PID', PV2: 'PV1', OBX: 'PID', TQ1: 'OBR', TQ2: 'TQ1', CTD: 'OBR', SPM: 'OBR' },
};

const numbered = (prefix: string, numbers: readonly number[], structure: Structure) =>
  numbers.map((number) => [`${prefix}${String(number).padStart(2, '0')}`, structure] as const);

const adt = new Map<string, Structure>([
  ...numbered('A', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 21, 22, 23, 25, 26, 27], visit),
  ...numbered('A', [32, 33, 38, 44, 51, 52, 53, 54, 55], visit),
  ...numbered('A', [24, 28, 29, 31, 37, 61, 62], person),
  ...numbered('A', [18, 30, 34, 35, 36, 39, 40, 41, 42, 43, 45, 46, 47, 48, 49, 50], merge),
  ...numbered('A', [60], allergy),
]);

const oru = new Map<string, Structure>(numbered('R', [1, 3, 30, 31, 32, 40], result));

/** message type → trigger event → structure */
export const supported: ReadonlyMap<string, ReadonlyMap<string, Structure>> = new Map([
  ['ADT', adt],
  ['ORU', oru],
]);

/** HL7 table 0104, the versions whose vertical-bar encoding is read alike. */
export const versions: ReadonlySet<string> = new Set([
  '2.1',
  '2.2',
  '2.3',
  '2.3.1',
  '2.4',
  '2.5',
  '2.5.1',
  '2.6',
  '2.7',
  '2.7.1',
  '2.8',
  '2.8.1',
  '2.8.2',
  '2.9',
]);

/** Fields without which a message is not acknowledged with AA. MSH's are R in every version; PID-3 is since 2.3. */
export const requiredFields: Readonly<Record<string, readonly number[]>> = {
  MSH: [7, 9, 10, 11, 12],
  PID: [3],
  PV1: [2],
  MRG: [1],
  OBR: [4],
  OBX: [3, 11],
  DG1: [3],
  AL1: [3],
  NK1: [],
  NTE: [],
};
