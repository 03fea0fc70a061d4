import { problem } from '@medshare/problems';

/** One character set, both ways. Neither direction replaces what it does not know: both throw Problem `hl7.charset`. */
export type Codec = {
  readonly decode: (bytes: Uint8Array) => string;
  /** As `decode`, but undefined for what is no text: cheap however often that is so, since one message can hold it a million times. */
  readonly read: (bytes: Uint8Array) => string | undefined;
  readonly encode: (text: string) => Uint8Array;
};

const refuse = (detail: string) => problem('hl7.charset', { where: 'MSH-18', detail });

/** @param detail what was wrong when there is nothing to read */
const reading = (read: Codec['read'], detail: string): Pick<Codec, 'read' | 'decode'> => ({
  read,
  decode: (bytes) => {
    const text = read(bytes);
    if (text === undefined) throw refuse(detail);
    return text;
  },
});

const replacement = '\ufffd';
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** how often U+FFFD itself stands in UTF-8 */
const replacementsIn = (bytes: Uint8Array): number => {
  let count = 0;
  for (let at = bytes.indexOf(0xef); at >= 0; at = bytes.indexOf(0xef, at + 1))
    if (bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) count += 1;
  return count;
};

/** The decoder puts U+FFFD where bytes are no character: text is what has no more of them than its bytes. */
const readUtf8 = (bytes: Uint8Array): string | undefined => {
  const text = utf8Decoder.decode(bytes);
  return !text.includes(replacement) || text.split(replacement).length - 1 === replacementsIn(bytes) ? text : undefined;
};

const utf8Encoder = new TextEncoder();
const loneSurrogate = /\p{Surrogate}/u;

export const utf8: Codec = {
  ...reading(readUtf8, 'bytes that are not UTF-8'),
  encode: (text) => {
    if (loneSurrogate.test(text)) throw refuse('a lone surrogate has no encoding');
    return utf8Encoder.encode(text);
  },
};

export const ascii: Codec = {
  ...reading((bytes) => {
    const text = utf8Decoder.decode(bytes);
    return text.length === bytes.length && !text.includes(replacement) ? text : undefined;
  }, 'bytes above 127 where ASCII is declared or implied'),
  encode: (text) => {
    const bytes = utf8Encoder.encode(text);
    if (bytes.length !== text.length) throw refuse('a character outside ASCII');
    return bytes;
  },
};

const noCharacter = 0xfffd;

/** ISO 8859 parts: bytes under 0xA0 stand for themselves (the Web's decoders put Windows' characters there). */
export const iso8859 = (part: number): Codec => {
  const upper = part === 1 ? undefined : new TextDecoder(`iso-8859-${part}`);
  const codes = Uint16Array.from({ length: 256 }, (_, byte) =>
    byte < 0xa0 || upper === undefined ? byte : upper.decode(Uint8Array.of(byte)).charCodeAt(0),
  );
  const bytesOf = new Map([...codes].flatMap((code, byte) => (code === noCharacter ? [] : [[code, byte] as const])));
  return {
    ...reading((bytes) => {
      const units = Uint16Array.from(bytes, (byte) => codes[byte] ?? noCharacter);
      return units.includes(noCharacter) ? undefined : fromUnits(units);
    }, `a byte that ISO 8859-${part} does not define`),
    encode: (text) =>
      Uint8Array.from({ length: text.length }, (_, at) => {
        const byte = bytesOf.get(text.charCodeAt(at));
        if (byte === undefined) throw refuse(`a character outside ISO 8859-${part}`);
        return byte;
      }),
  };
};

const fromUnits = (units: Uint16Array): string => {
  const parts: string[] = [];
  for (let at = 0; at < units.length; at += 8192) parts.push(String.fromCharCode(...units.subarray(at, at + 8192)));
  return parts.join('');
};

/**
 * Decodes by the platform's table under a WHATWG label; `encode` is given.
 * @param whole whether the set has U+FFFD itself: then text that holds it is what its bytes say when it encodes to them again
 */
export const platform = (label: string, encode: (text: string) => Uint8Array, { whole = false } = {}): Codec => {
  const decoder = new TextDecoder(label);
  const read = (bytes: Uint8Array) => {
    const text = decoder.decode(bytes);
    return text.includes(replacement) && !(whole && Buffer.from(encode(text)).equals(bytes)) ? undefined : text;
  };
  return { ...reading(read, `bytes that are not ${label}`), encode };
};

/**
 * The platform decodes these sets but encodes UTF-8 only, so tables are turned round: every sequence is decoded once, on the first use.
 * @param sequences the byte sequences to decode, each standing for one character
 */
export const reverse = (label: string, sequences: Iterable<readonly number[]>): Map<string, readonly number[]> => {
  const table = new Map<string, readonly number[]>();
  const decoder = new TextDecoder(label);
  for (const sequence of sequences) {
    const character = decoder.decode(Uint8Array.from(sequence));
    const single = [...character].length === 1 && character.charCodeAt(0) !== noCharacter;
    if (single && !table.has(character)) table.set(character, sequence);
  }
  return table;
};

/** @returns an encoder of a stateless multi-byte set */
export const byTable = (
  label: string,
  sequences: () => Iterable<readonly number[]>,
  beyond: (character: string) => readonly number[] | undefined = () => undefined,
) => {
  let table: Map<string, readonly number[]> | undefined;
  return (text: string): Uint8Array => {
    const bytes: number[] = [];
    for (const character of text) {
      const code = character.charCodeAt(0);
      if (code < 0x80) {
        bytes.push(code);
        continue;
      }
      table ??= reverse(label, sequences());
      const sequence = table.get(character) ?? beyond(character);
      if (sequence === undefined) throw refuse(`a character outside ${label}`);
      for (const byte of sequence) bytes.push(byte);
    }
    return Uint8Array.from(bytes);
  };
};
