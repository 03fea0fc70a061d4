import { admission, hivTest, sodium, type Patient } from '../harness/messages.js';
import { gb18030 } from './encodings.js';

/** Two patients whose every particular is a marker; none of them occurs anywhere else. */
export const quill: Patient = {
  citizen: '110101199912310099',
  local: 'HBQ7731942',
  visit: 'VQ55208341',
  family: 'Quillfeather',
  given: 'Zephyrine',
};
export const qilin: Patient = {
  citizen: '110101198801017766',
  local: 'HBQ8842053',
  visit: 'VQ66319452',
  family: '麒麟犇鱻',
  given: '龘靐齉爩',
};
export const free = {
  latin: 'porphyrogenic hiccups',
  chinese: '彷徨恍惚蹉跎岁月',
  address: 'Nonpareil Crescent 17',
  phone: '1390009933771',
};
/** Of whom no message tells: somebody searches for them. */
export const stranger = { citizen: '110101197702025544', system: 'urn:example:xylograph' };
/** What is refused says something of a patient too. */
export const refusedParts = {
  family: 'Brontosweet',
  badDate: '19991399Vq',
  resource: 'Gallimaufry',
  query: 'Thistlewick',
};

export const markers: readonly string[] = [
  ...[quill, qilin].flatMap((patient) => [
    patient.citizen,
    patient.local,
    patient.visit,
    patient.family,
    patient.given,
  ]),
  ...Object.values(free),
  stranger.citizen,
  stranger.system,
  ...Object.values(refusedParts),
];

const note = (text: string): string => `NTE|1|L|${text}\r`;
const address = (message: string): string =>
  message.replace('|19900307|F', `|19900307|F|||${free.address}^^Harborville||${free.phone}`);

/** All are acknowledged with AA. */
export const accepted = (): string[] => [
  address(admission(quill)),
  sodium(quill) + note(free.latin),
  hivTest(quill) + note(`${free.latin}; HIV ${free.chinese}`),
  address(admission(qilin)),
  sodium(qilin, '138.5') + note(free.chinese),
  // two patients in one result: acknowledged, and parked
  sodium(quill).replace(/\rOBX/, `\r${/PID[^\r]*\r/.exec(admission(qilin))![0]}OBR|1|||2951-2^Sodium^LN\rOBX`),
];

/** The same characters as a hospital with GB 18030 sends them. */
export const inGb18030 = (): Buffer =>
  gb18030(`${admission({ ...qilin, visit: quill.visit }).replace('UNICODE UTF-8', 'GB 18030-2000')}`);

/** None is acknowledged. */
export const refused = (): string[] => {
  const named = admission({ ...quill, family: refusedParts.family });
  return [
    named.replace('ADT^A01^ADT_A01', `${refusedParts.resource}^Q99`),
    named.replace('19900307', refusedParts.badDate),
    named.replace(/PID\|1\|\|[^|]*/, 'PID|1||'),
    named.replace('UNICODE UTF-8', refusedParts.query),
    named.replace('|2.5.1|', `|${refusedParts.query}|`),
    named.replace('MSH|^~\\&', `MSH|^^^^|${refusedParts.family}`),
    `${refusedParts.family}|not HL7 at all|${free.phone}\r`,
    named.replace('PV1|1|O', `PV1|1|${refusedParts.resource}`),
  ];
};

const identifier = [{ system: 'urn:medshare:east:citizen', value: qilin.citizen }];

export const fhirAccepted = (): object => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      fullUrl: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0',
      resource: {
        resourceType: 'Patient',
        identifier,
        name: [{ family: qilin.family, given: [qilin.given] }],
        address: [{ line: [free.address] }],
        text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${free.chinese}</div>` },
      },
      request: { method: 'POST', url: 'Patient' },
    },
  ],
});

/** Bodies, types and paths that FHIR's door refuses. */
export const fhirRefused = (): { path: string; body: string }[] => {
  const patient = { resourceType: 'Patient', identifier, name: [{ family: refusedParts.family }] };
  const json = (value: object) => JSON.stringify(value);
  return [
    { path: '/fhir', body: json({ resourceType: refusedParts.resource, text: refusedParts.family }) },
    { path: '/fhir', body: `{"resourceType":"Bundle","type":"${refusedParts.family}` },
    { path: '/fhir/Patient', body: json({ ...patient, gender: refusedParts.query }) },
    { path: '/fhir/Patient', body: json({ ...patient, birthDate: refusedParts.badDate }) },
    { path: '/fhir/Patient', body: json({ ...patient, [refusedParts.resource]: free.phone }) },
    { path: `/fhir/${refusedParts.resource}`, body: json(patient) },
    {
      path: '/fhir',
      body: json({
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: patient, request: { method: 'PUT', url: `Patient/${quill.local}` } }],
      }),
    },
  ];
};
