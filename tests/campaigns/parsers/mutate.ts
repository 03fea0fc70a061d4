import { Chance } from '../chance.js';

/** What senders get wrong, and what parsers stumble over. */
const hl7Words = [
  '|',
  '^',
  '~',
  '\\',
  '&',
  '\r',
  '\n',
  '\r\n',
  '||',
  '^^^^',
  '""',
  '\\X',
  '\\XFF\\',
  '\\Z0\\',
  '\\.br\\',
  '\\H\\',
  '\\C2842\\',
  '\\M2451\\',
  'MSH|',
  'PID|',
  'OBX|1|NM|',
  'OBX|1|ED|',
  'OBX|1|TX|',
  'ZZZ|',
  'MSH|^~\\&#|',
  'MSH||||',
  'FHS|',
  'BHS|',
  'UNICODE UTF-8',
  'GB 18030-2000',
  'ISO IR87',
  '8859/1',
  '20261399',
  '20260229',
  '20261121250000',
  '+9999',
  '-0',
  '1e400',
  'NaN',
  '\0',
  '\ufeff',
  '\ud83d\ude00',
  '中文',
  'ADT^A40',
  'ORU^R01^ORU_R01',
  'P',
  'T',
  '2.5.1',
  '2.3',
  '9.9',
];
const jsonWords = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\u0000',
  '\\ud800',
  '\\',
  'null',
  'true',
  '1e999',
  '-0',
  '0.10',
  '1.',
  '01',
  '"resourceType":"Bundle"',
  '"__proto__":{}',
  '"constructor":1',
  '"reference":"#"',
  '"reference":"urn:uuid:x"',
  '"entry":[]',
  '"contained":[{}]',
  '"extension":[{"url":"x"}]',
  '"modifierExtension":[{"url":"x"}]',
  '"system":"http://loinc.org"',
  '"status":"zzz"',
  '"birthDate":"2026-02-30"',
  '\0',
  '\ufeff',
  '\ud83d\ude00',
  '中文',
  '"id":""',
  '"value":[[[[',
  '/*',
  '#',
];
const mllpWords = [
  '\x0b',
  '\x1c',
  '\r',
  '\x1c\r',
  '\x0b\x0b',
  '\x1c\x1c',
  '\n',
  '\x1c\r\x0b',
  'MSH|^~\\&|',
  '\x06',
  '\x15',
];
export const wordsOf = { hl7v2: hl7Words, fhir: jsonWords, mllp: mllpWords } as const;
export type Format = keyof typeof wordsOf;

type Change = (bytes: Buffer, chance: Chance, words: readonly string[], others: readonly Buffer[]) => Buffer;

const splice = (bytes: Buffer, at: number, remove: number, insert: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
const span = (bytes: Buffer, chance: Chance, longest: number): [at: number, length: number] => {
  const at = chance.below(bytes.length + 1);
  return [at, chance.below(Math.min(longest, bytes.length - at) + 1)];
};

const changes: readonly Change[] = [
  // a bit of a byte
  (bytes, chance) => {
    if (bytes.length === 0) return bytes;
    const changed = Buffer.from(bytes);
    const at = chance.below(bytes.length);
    changed[at] = changed[at]! ^ (1 << chance.below(8));
    return changed;
  },
  // any byte
  (bytes, chance) => splice(bytes, chance.below(bytes.length + 1), chance.below(2), Buffer.from([chance.below(256)])),
  // something goes
  (bytes, chance) => splice(bytes, ...span(bytes, chance, 64), Buffer.alloc(0)),
  // the end goes
  (bytes, chance) => bytes.subarray(0, chance.below(bytes.length + 1)),
  // something twice
  (bytes, chance) => {
    const [at, length] = span(bytes, chance, 256);
    return splice(bytes, chance.below(bytes.length + 1), 0, bytes.subarray(at, at + length));
  },
  // a word of the format, put in or instead
  (bytes, chance, words) =>
    splice(
      bytes,
      chance.below(bytes.length + 1),
      chance.below(3) * chance.below(6),
      Buffer.from(chance.pick(words), 'utf8'),
    ),
  // a word again and again: nesting, floods of separators
  (bytes, chance, words) =>
    splice(
      bytes,
      chance.below(bytes.length + 1),
      0,
      Buffer.from(chance.pick(words).repeat(1 + chance.below(chance.pick([8, 64, 2_000]))), 'utf8'),
    ),
  // the middle of another one
  (bytes, chance, _, others) => {
    const other = chance.pick(others);
    const [at, length] = span(other, chance, 512);
    return splice(bytes, ...span(bytes, chance, 128), other.subarray(at, at + length));
  },
  // its parts in another order
  (bytes, chance) => {
    const mark = chance.pick(['\r', '|', ',', '"', '\x0b']);
    const parts = bytes.toString('latin1').split(mark);
    if (parts.length > 2_000) return bytes;
    const one = chance.below(parts.length);
    const other = chance.below(parts.length);
    [parts[one], parts[other]] = [parts[other]!, parts[one]!];
    return Buffer.from(parts.join(mark), 'latin1');
  },
];

/** Longest input that is made, bytes; limits have tests of their own. */
const longest = 256 * 1024;

/** The same seeds, seed and unit give the same input. */
export function mutant(format: Format, seeds: readonly Buffer[], chance: Chance): Buffer {
  let bytes = chance.pick(seeds);
  // few changes reach deep, many reach far
  const rounds = 1 + chance.below(chance.pick([2, 4, 16]));
  for (let n = 0; n < rounds; n += 1) bytes = chance.pick(changes)(bytes, chance, wordsOf[format], seeds);
  return bytes.subarray(0, longest);
}
