import { problem } from '@medshare/problems';
import { ascii, byTable, iso8859, platform, utf8, type Codec } from './codec.js';
import { iso2022jp } from './iso2022jp.js';

/** Lead and trail bytes of the two-byte sets of East Asia. */
function* pairs(): Iterable<readonly number[]> {
  for (let lead = 0x81; lead <= 0xfe; lead += 1) for (let trail = 0x40; trail <= 0xfe; trail += 1) yield [lead, trail];
}

/** GB 18030's four-byte sequences, counted as the standard does (10 × 126 × 10 × 126). */
const fourBytes = (index: number): readonly number[] => [
  0x81 + Math.floor(index / 12_600),
  0x30 + (Math.floor(index / 1_260) % 10),
  0x81 + (Math.floor(index / 10) % 126),
  0x30 + (index % 10),
];

function* gb18030Sequences(): Iterable<readonly number[]> {
  yield* pairs();
  for (let index = 0; index < 39_420; index += 1) yield fourBytes(index);
}

/** U+FFFD, which a decoder's answer does not tell from a failure, and the characters beyond the Basic Multilingual Plane, which follow 189,000 (GB 18030-2000, annex). */
const gb18030Beyond = (character: string): readonly number[] | undefined => {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0xfffd) return fourBytes(39_417);
  return code > 0xffff ? fourBytes(code - 0x10000 + 189_000) : undefined;
};

const once = (make: () => Codec): (() => Codec) => {
  let made: Codec | undefined;
  return () => (made ??= make());
};

const gb18030 = once(() => platform('gb18030', byTable('gb18030', gb18030Sequences, gb18030Beyond), { whole: true }));
const unicode = () => utf8;
const usAscii = () => ascii;

/** HL7 table 0211 (alternate character sets), with the spellings that senders use for them. */
const codecs: ReadonlyMap<string, () => Codec> = new Map([
  ['ASCII', usAscii],
  ['ISO IR6', usAscii],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 15].map((part) => [`8859/${part}`, once(() => iso8859(part))] as const),
  ['UNICODE UTF-8', unicode],
  ['UNICODE', unicode],
  ['UTF-8', unicode],
  ['UTF8', unicode],
  ['GB 18030-2000', gb18030],
  ['GB 18030', gb18030],
  ['GB18030', gb18030],
  ['KS X 1001', once(() => platform('euc-kr', byTable('euc-kr', pairs)))],
  ['BIG-5', once(() => platform('big5', byTable('big5', pairs)))],
  ['ISO IR14', () => iso2022jp],
  ['ISO IR87', () => iso2022jp],
]);

/** Sets that a message switches to by ISO 2022 escape sequences: one decoder reads them and ASCII together. */
const switched = ['ISO IR87', 'ISO IR14'];

/**
 * @param declared the repetitions of MSH-18; none, or a first empty one, means `fallback`
 * @throws Problem `hl7.charset` at MSH-18 for a set that is not known
 */
export const codecFor = (declared: readonly string[], fallback: string): Codec => {
  const names = declared.map((name) => name.trim().toUpperCase());
  const name = names.find((each) => switched.includes(each)) ?? (names[0] || fallback.toUpperCase());
  const codec = codecs.get(name);
  if (codec === undefined)
    throw problem('hl7.charset', { where: 'MSH-18', detail: 'a character set that is not supported' });
  return codec();
};
