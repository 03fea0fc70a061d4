import { problem } from '@medshare/problems';
import { platform, reverse, type Codec } from './codec.js';

const toAscii = [0x1b, 0x28, 0x42];
const toKanji = [0x1b, 0x24, 0x42];
const toKatakana = [0x1b, 0x28, 0x49];
const modes = { ascii: toAscii, kanji: toKanji, katakana: toKatakana } as const;
type Mode = keyof typeof modes;

function* kanjiSequences(): Iterable<readonly number[]> {
  for (let row = 0x21; row <= 0x7e; row += 1)
    for (let cell = 0x21; cell <= 0x7e; cell += 1) yield [...toKanji, row, cell, ...toAscii];
}

let kanji: Map<string, readonly number[]> | undefined;

const encodeOne = (character: string): { mode: Mode; bytes: readonly number[] } => {
  const code = character.charCodeAt(0);
  if (code < 0x80) return { mode: 'ascii', bytes: [code] };
  if (code >= 0xff61 && code <= 0xff9f) return { mode: 'katakana', bytes: [code - 0xff61 + 0x21] };
  kanji ??= reverse('iso-2022-jp', kanjiSequences());
  const bytes = kanji.get(character)?.slice(3, 5);
  if (bytes === undefined) throw problem('hl7.charset', { where: 'MSH-18', detail: 'a character outside JIS X 0208' });
  return { mode: 'kanji', bytes };
};

/** Back to ASCII at each line's end, as RFC 1468 wants it; the escape sequences used are its canonical ones. */
const encode = (text: string): Uint8Array => {
  const out: number[] = [];
  let mode: Mode = 'ascii';
  for (const character of text) {
    const next = encodeOne(character);
    if (next.mode !== mode) out.push(...modes[next.mode]);
    mode = next.mode;
    out.push(...next.bytes);
  }
  if (mode !== 'ascii') out.push(...toAscii);
  return Uint8Array.from(out);
};

/** ISO IR6, IR14 and IR87 switched by ISO 2022 escape sequences, the practice of Japan (HL7 table 0211 and MSH-20 "ISO 2022-1994"). */
export const iso2022jp: Codec = platform('iso-2022-jp', encode);
