import type { Segment } from '@medshare/hl7';
import { codedIn, CWE, translated } from './types-coded.js';
import { EI, XCN, XON } from './types-identity.js';
import { dateTime, decimal, instant } from './types-value.js';
import { textOf, wholeOf, type Table, type Type } from './table.js';

/** HL7 table 0085 → ObservationStatus */
const statuses = {
  A: 'amended',
  C: 'corrected',
  D: 'entered-in-error',
  F: 'final',
  U: 'final',
  V: 'final',
  B: 'final',
  I: 'registered',
  O: 'registered',
  N: 'registered',
  P: 'preliminary',
  R: 'preliminary',
  S: 'preliminary',
  W: 'entered-in-error',
  X: 'cancelled',
};

const interpretation: Type = {
  ...CWE,
  convert: (value) => {
    const code = textOf(value, 1)?.replace(/\s+/g, ' ');
    const display = textOf(value, 2);
    const system = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation';
    return code === undefined ? undefined : { coding: [{ system, code, ...(display && { display }) }] };
  },
};

/** OBX-7: `70-80` has bounds, everything else is text */
const referenceRange: Type = {
  components: [1],
  convert: (value) => {
    const text = wholeOf(value);
    const bounds = /^(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)$/.exec(text ?? '');
    if (bounds === null) return text === undefined ? undefined : { text };
    return { low: { value: decimal(bounds[1] ?? '') }, high: { value: decimal(bounds[2] ?? '') }, text };
  },
};

const producer: Type = {
  components: [1, 2, 3],
  convert: (value) => {
    const [id, name] = [textOf(value, 1), textOf(value, 2)];
    if (id === undefined && name === undefined) return undefined;
    return { type: 'Organization', ...(id && { identifier: { value: id } }), ...(name && { display: name }) };
  },
};

const device: Type = {
  ...EI,
  convert: (value, context) => {
    const identifier = EI.convert(value, context);
    return identifier === undefined ? undefined : { type: 'Device', identifier };
  },
};

/** OBX → Observation; OBX-2, OBX-5 and OBX-6 make its value */
export const observation: Table = {
  rows: [
    [3, 'code', CWE],
    [7, 'referenceRange[]', referenceRange],
    [8, 'interpretation[]', interpretation],
    [11, 'status', translated(statuses, 'unknown')],
    [14, 'effectiveDateTime', dateTime],
    [15, 'performer[]', producer],
    [16, 'performer[]', XCN],
    [17, 'method', CWE],
    [18, 'device', device],
    [19, 'issued', instant],
    [20, 'bodySite', codedIn('0163')],
    [21, 'identifier[]', EI],
    [23, 'performer[]', XON],
  ],
  silent: [1, 2, 5, 6],
};

/** HL7 table 0191 and 0291: what an ED or RP holds */
const mediaTypes: Readonly<Record<string, string>> = {
  PDF: 'application/pdf',
  JPEG: 'image/jpeg',
  PNG: 'image/png',
  TIFF: 'image/tiff',
  HTML: 'text/html',
  XML: 'application/xml',
  RTF: 'application/rtf',
};

/** OBX-5 of type ED (source ^ type ^ subtype ^ encoding ^ data) or RP (pointer …) → Attachment */
export const attachmentOf = (segment: Segment): object | undefined => {
  const value = segment.first(5);
  const kind = textOf(value, 3)?.toUpperCase() ?? '';
  const contentType = mediaTypes[kind];
  const title = textOf(segment.first(3), 2);
  const about = { ...(contentType && { contentType }), ...(title && { title }) };
  if (segment.text(2) === 'RP') {
    const url = textOf(value, 1);
    return url === undefined || /\s/.test(url) ? undefined : { ...about, url };
  }
  const data = textOf(value, 5)?.replace(/\s/g, '');
  const base64 =
    textOf(value, 4)?.toUpperCase() === 'BASE64' &&
    data !== undefined &&
    /^([A-Za-z\d+/]{4})*([A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(data);
  return base64 ? { ...about, data } : undefined;
};
