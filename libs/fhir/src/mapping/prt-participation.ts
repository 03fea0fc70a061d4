import type { SegmentReader } from './scene.js';
import { CWE } from './types-coded.js';
import { XCN, XON } from './types-identity.js';
import { dateTime } from './types-value.js';
import type { Row, Table } from './table.js';

/** where the two segments that say who takes part have the same things */
type Places = { role: number; person: number; organization: number; start: number; end: number };
const ofROL: Places = { role: 3, person: 4, organization: 14, start: 5, end: 6 };
const ofPRT: Places = { role: 4, person: 5, organization: 8, start: 11, end: 12 };

type Participation = {
  /** the list it goes to */ readonly element: string;
  /** whether the members are references themselves, or hold one */ readonly rows: (at: Places) => readonly Row[];
};

/** who did something, and as what */
const performer = (role: string): Participation => ({
  element: 'performer',
  rows: ({ role: as, person, organization }) => [
    [as, role, CWE],
    [person, 'actor', XCN],
    [organization, 'actor', XON],
  ],
});

const members: Readonly<Record<string, Participation>> = {
  Encounter: {
    element: 'participant',
    rows: (at) => [
      [at.role, 'type[]', CWE],
      [at.person, 'individual', XCN],
      [at.start, 'period.start', dateTime],
      [at.end, 'period.end', dateTime],
    ],
  },
  Procedure: performer('function'),
  Immunization: performer('function'),
  MedicationDispense: performer('function'),
  ChargeItem: performer('function'),
};

/** types that take references alone: the role is lost there, and reported */
const lists: Readonly<Record<string, string>> = {
  ServiceRequest: 'performer[]',
  DiagnosticReport: 'performer[]',
  Observation: 'performer[]',
};

const direct = (element: string, { person, organization }: Places): Table => ({
  rows: [
    [person, element, XCN],
    [organization, element, XON],
  ],
});

/** Primary care providers are the patient's general practitioners; other parts in a patient are not FHIR's. */
const primaryCare = ['PP', 'PCP'];
const practitioner = (at: Places): Table => {
  const rows: Row[] = [
    [at.person, 'generalPractitioner[]', XCN, (each) => primaryCare.includes(each.text(at.role) ?? '')],
  ];
  return { rows };
};

const holds = (part: object) => 'actor' in part || 'individual' in part;

const read =
  (at: Places): SegmentReader =>
  (segment, scene) => {
    const { attended } = scene;
    if (attended === undefined) return;
    scene.fill({}, segment, { rows: [], messageOnly: [1, 2] });
    const type = attended.resourceType;
    const list = Object.hasOwn(lists, type) ? lists[type] : undefined;
    if (list !== undefined) scene.fill(attended, segment, direct(list, at));
    else if (!Object.hasOwn(members, type) && scene.patient !== undefined)
      scene.fill(scene.patient, segment, practitioner(at));
    const member = Object.hasOwn(members, type) ? members[type] : undefined;
    if (member !== undefined) scene.append(attended, member.element, segment, { rows: member.rows(at) }, {}, holds);
  };

/** ROL and PRT → who takes part in what stands before them */
export const ROL = read(ofROL);
export const PRT = read(ofPRT);
