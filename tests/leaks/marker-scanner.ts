import { encoders } from './encodings.js';

export interface Hit {
  marker: string;
  encoding: string;
  offset: number;
}

interface Pattern {
  bytes: Buffer;
  marker: string;
  encoding: string;
}

/** Shorter patterns would be found by chance. */
const shortest = 6;

/** Finds markers in bytes, in all encodings, in one pass over the bytes. */
export class MarkerScanner {
  /** By the first four bytes; `first` says fast which pairs of bytes begin a pattern. */
  private readonly byPrefix = new Map<number, Pattern[]>();
  private readonly first = new Uint8Array(65_536);

  constructor(markers: readonly string[]) {
    for (const pattern of patternsOf(markers)) {
      const prefix = pattern.bytes.readUInt32BE(0);
      this.byPrefix.set(prefix, [...(this.byPrefix.get(prefix) ?? []), pattern]);
      this.first[pattern.bytes.readUInt16BE(0)] = 1;
    }
  }

  /** At most `limit` hits. */
  scan(bytes: Buffer, limit = 20): Hit[] {
    const hits: Hit[] = [];
    let pair = bytes[0] ?? 0;
    for (let at = 0; at + shortest <= bytes.length; at += 1) {
      pair = ((pair << 8) | bytes[at + 1]!) & 0xffff;
      if (this.first[pair] === 0) continue;
      for (const { bytes: wanted, marker, encoding } of this.byPrefix.get(bytes.readUInt32BE(at)) ?? []) {
        if (bytes.compare(wanted, 0, wanted.length, at, Math.min(bytes.length, at + wanted.length)) !== 0) continue;
        hits.push({ marker, encoding, offset: at });
        if (hits.length >= limit) return hits;
      }
    }
    return hits;
  }
}

function patternsOf(markers: readonly string[]): Pattern[] {
  const found = new Map<string, Pattern>();
  for (const marker of markers)
    for (const [encoding, encode] of Object.entries(encoders))
      for (const bytes of encode(marker)) {
        if (bytes.length < shortest) throw new RangeError(`the marker ${marker} is too short for ${encoding}`);
        // the first encoding in the list names bytes that several give
        if (!found.has(bytes.toString('latin1'))) found.set(bytes.toString('latin1'), { bytes, marker, encoding });
      }
  return [...found.values()];
}
