import { problem } from '@medshare/problems';
import { codecFor } from './charset.js';
import { readDelimiters, type Delimiters } from './delimiters.js';
import { defaultLimits, type Limits } from './limits.js';
import { isHeader, Message, Segment, type Dialect } from './message.js';

/** The header as single bytes: MSH-1, MSH-2 and MSH-18 are ASCII in every supported set. */
const asLatin1 = (bytes: Uint8Array): string => {
  const head = bytes.subarray(0, 4096);
  const end = head.findIndex((byte) => byte === 0x0d || byte === 0x0a);
  return String.fromCharCode(...(end < 0 ? head : head.subarray(0, end)));
};

/** The raw repetitions of MSH-18. */
const declaredCharsets = (msh: string, delimiters: Delimiters): string[] =>
  msh.split(delimiters.field)[17]?.split(delimiters.repetition) ?? [];

/** Segments end as the first one does: CR (the standard), LF or CR LF (files). In a message of CRs an LF is text. */
const splitSegments = (text: string, limit: number): { bodies: string[]; ends: string[] } => {
  const end = /\r\n|\r|\n/.exec(text)?.[0] ?? '\r';
  const bodies: string[] = [];
  const ends: string[] = [];
  for (let at = 0; at < text.length;) {
    const stop = text.indexOf(end, at);
    const body = stop < 0 ? text.slice(at) : text.slice(at, stop);
    const mark = stop < 0 ? '' : end;
    at += body.length + mark.length;
    if (body.trim() === '' && ends.length > 0) ends[ends.length - 1] += body + mark;
    else if (bodies.push(body) > limit) throw problem('hl7.too-many', { detail: `more than ${limit} segments` });
    else ends.push(mark);
  }
  return { bodies, ends };
};

const splitFields = (body: string, name: string, field: string): string[] => {
  const fields = body.split(field);
  if (isHeader(name)) fields.splice(1, 0, field);
  return fields;
};

/** whether a mark occurs more than `limit` times */
const exceeds = (body: string, mark: string, limit: number): boolean => {
  if (body.length <= limit) return false;
  let count = 0;
  for (let at = body.indexOf(mark); at >= 0 && count <= limit; at = body.indexOf(mark, at + 1)) count += 1;
  return count > limit;
};

/** UTF-8's byte order mark, which some systems put before files; it says UTF-8 where MSH-18 is silent */
const byteOrderMark = [0xef, 0xbb, 0xbf];

const shape = /^[A-Z][A-Z0-9]{2}$/;

const makeSegments = (bodies: readonly string[], dialect: Dialect, limits: Limits): Segment[] => {
  const counts = new Map<string, number>();
  const { field, repetition } = dialect.delimiters;
  return bodies.map((body, index) => {
    const name = body.slice(0, 3);
    const after = body.charAt(3);
    const occurrence = (counts.get(name) ?? 0) + 1;
    if (!shape.test(name) || (after !== '' && after !== field))
      throw problem('hl7.unparsable', {
        where: `segment ${index + 1}`,
        detail: 'it does not begin with a segment id and a field separator',
      });
    if (exceeds(body, field, limits.fields))
      throw problem('hl7.too-many', { where: name, detail: `more than ${limits.fields} fields` });
    if (exceeds(body, repetition, limits.repetitions - 1))
      throw problem('hl7.too-many', { where: name, detail: `more than ${limits.repetitions} repetitions` });
    counts.set(name, occurrence);
    return new Segment(name, occurrence, index, splitFields(body, name, field), dialect);
  });
};

/**
 * Reads one HL7 v2 message in the vertical-bar encoding (HL7 v2.5.1 chapter 2) with the delimiters and character set that it declares.
 * Costs time linear in the bytes. Says nothing about the message's meaning: `validateMessage` does.
 * @throws Problem hl7.too-large, hl7.too-many, hl7.unparsable, hl7.charset
 */
export const parseMessage = (bytes: Uint8Array, limits: Partial<Limits> = {}): Message => {
  const bounds = { ...defaultLimits, ...limits };
  if (bytes.length > bounds.bytes) throw problem('hl7.too-large', { detail: `more than ${bounds.bytes} bytes` });
  const preamble = byteOrderMark.every((byte, at) => bytes[at] === byte) ? byteOrderMark.length : 0;
  const body = bytes.subarray(preamble);
  const rawHeader = asLatin1(body);
  if (!rawHeader.startsWith('MSH'))
    throw problem('hl7.unparsable', { where: 'MSH', detail: 'no MSH segment at the start' });
  const delimiters = readDelimiters(rawHeader);
  const declared = declaredCharsets(rawHeader, delimiters);
  const codec = codecFor(declared, preamble > 0 ? 'UNICODE UTF-8' : bounds.defaultCharset);
  const { bodies, ends } = splitSegments(codec.decode(body), bounds.segments);
  // in sets whose second bytes look like delimiters the header may read otherwise once decoded
  if (declaredCharsets(bodies[0] ?? '', delimiters).join() !== declared.join())
    throw problem('hl7.charset', { where: 'MSH-18', detail: 'the header does not read the same in the declared set' });
  const segments = makeSegments(bodies, { delimiters, codec }, bounds);
  return new Message(bytes, { delimiters, codec }, segments, ends, preamble);
};

/**
 * Writes a message from its model. For a parsed message these are the bytes it came from, byte for byte
 * (with ISO 2022 escape sequences: when the sender wrote the canonical ones).
 */
export const serialiseMessage = (message: Message): Uint8Array => {
  const { field } = message.delimiters;
  const text = message.segments.map(({ name, fields }, index) => {
    const written = isHeader(name) ? [fields[0], ...fields.slice(2)] : fields;
    return written.join(field) + (message.ends[index] ?? '');
  });
  const encoded = message.dialect.codec.encode(text.join(''));
  if (message.preamble === 0) return encoded;
  const bytes = new Uint8Array(message.preamble + encoded.length);
  bytes.set(message.bytes.subarray(0, message.preamble));
  bytes.set(encoded, message.preamble);
  return bytes;
};
