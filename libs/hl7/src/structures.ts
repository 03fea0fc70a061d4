/**
 * What medshare accepts: message types and trigger events, with the segments that must be there for a record to be made of them.
 * Segments follow the abstract message syntax of HL7 v2.8 chapters 3, 4, 6, 7, 9, 10, 11 and 12, without what older versions leave out; where
 * the standard leaves PID optional (ORU, ORM, SIU) a record needs it.
 */
export type Structure = {
  /** segments that must be present */
  readonly requires: readonly string[];
  /** segment → a segment that must have come before it */
  readonly after: Readonly<Record<string, string>>;
  /** segment → fields that this message needs, beside those that the segment always does */
  readonly fields?: Readonly<Record<string, readonly number[]>>;
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
/** of patients, by the number that ends; of accounts and visits, by theirs */
const merge: Structure = { requires: ['EVN', 'PID', 'MRG'], after: order, fields: { MRG: [1] } };
const move: Structure = { requires: ['EVN', 'PID', 'MRG'], after: order };
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
  ...numbered('A', [18, 30, 34, 36, 39, 40, 43, 46, 47, 48, 49], merge),
  ...numbered('A', [35, 41, 42, 45, 50], move),
  ...numbered('A', [60], allergy),
]);

const oru = new Map<string, Structure>(numbered('R', [1, 3, 30, 31, 32, 40], result));

/** Orders, of laboratory and imaging or of supplies: PID, then what is ordered under its ORC. */
const ordered: Structure = {
  requires: ['PID', 'ORC'],
  after: { ...order, ORC: 'PID', OBR: 'PID', OBX: 'PID', SPM: 'PID' },
};
const tested: Structure = { ...ordered, requires: ['PID', 'OBR'] };
/** Results by specimen: SPM first, what was asked of it below. */
const specimen: Structure = { requires: ['PID', 'SPM', 'OBR'], after: { ...order, OBX: 'PID', INV: 'SAC' } };
const prescribed: Structure = {
  requires: ['PID', 'ORC', 'RXE'],
  after: { ...order, ORC: 'PID', RXO: 'ORC', RXE: 'ORC', RXR: 'ORC', RXC: 'ORC', OBX: 'PID' },
};
const dispensed: Structure = {
  requires: ['PID', 'ORC', 'RXD'],
  after: { ...prescribed.after, RXD: 'ORC' },
};
const vaccinated: Structure = {
  requires: ['PID', 'RXA'],
  after: { ...order, RXA: 'PID', RXR: 'RXA', OBX: 'PID', ORC: 'PID' },
};
const documented: Structure = { requires: ['EVN', 'PID', 'PV1', 'TXA'], after: { ...order, TXA: 'PID', OBX: 'TXA' } };
const scheduled: Structure = {
  requires: ['SCH', 'PID', 'RGS'],
  after: { ...order, PID: 'SCH', RGS: 'SCH', AIS: 'RGS', AIG: 'RGS', AIL: 'RGS', AIP: 'RGS' },
};
const referred: Structure = { requires: ['PRD', 'PID'], after: { ...order, OBX: 'PID', PR1: 'PID' } };
const billed: Structure = { requires: ['EVN', 'PID'], after: { ...order, PR1: 'PID', GT1: 'PID', IN1: 'PID' } };
const charged: Structure = { requires: ['EVN', 'PID', 'FT1'], after: { ...billed.after, FT1: 'PID' } };
const problems: Structure = { requires: ['PID', 'PRB'], after: { ...order, PRB: 'PID', OBX: 'PID' } };
const goals: Structure = { requires: ['PID', 'GOL'], after: { ...order, GOL: 'PID', OBX: 'PID' } };

const of = (structure: Structure, ...triggers: readonly string[]) =>
  new Map(triggers.map((trigger) => [trigger, structure]));
const range = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${prefix}${String(from + at).padStart(2, '0')}`);

/** message type → trigger event → structure */
export const supported: ReadonlyMap<string, ReadonlyMap<string, Structure>> = new Map([
  ['ADT', adt],
  ['ORU', oru],
  ['OUL', of(specimen, 'R22', 'R23', 'R24')],
  ['ORM', of(ordered, 'O01')],
  ['OMG', of(tested, 'O19')],
  ['OML', of(tested, 'O21')],
  ['RDE', of(prescribed, 'O11', 'O25')],
  ['RDS', of(dispensed, 'O13')],
  ['VXU', of(vaccinated, 'V04')],
  ['MDM', of(documented, ...range('T', 1, 11))],
  ['SIU', of(scheduled, ...range('S', 12, 24), 'S26', 'S27')],
  ['REF', of(referred, 'I12', 'I13', 'I14', 'I15')],
  ['BAR', of(billed, 'P01', 'P02', 'P05', 'P06', 'P10', 'P12')],
  ['DFT', of(charged, 'P03', 'P11')],
  ['PPR', of(problems, 'PC1', 'PC2', 'PC3')],
  ['PGL', of(goals, 'PC6', 'PC7', 'PC8')],
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
  MRG: [],
  OBR: [4],
  OBX: [3, 11],
  DG1: [3],
  AL1: [3],
  IAM: [3],
  PR1: [3],
  PRB: [3],
  GOL: [3],
  RXA: [3, 5],
  RXE: [2],
  RXD: [2],
  TXA: [2],
  FT1: [4, 7],
  NK1: [],
  NTE: [],
};
