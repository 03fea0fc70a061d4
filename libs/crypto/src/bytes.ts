const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);
/** @throws TypeError if the bytes are not UTF-8 */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Compares in a time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

const DIGITS = new Int8Array(128).fill(-1);
for (let i = 0; i < 16; i++) DIGITS['0123456789abcdef'.charCodeAt(i)] = i;
for (let i = 10; i < 16; i++) DIGITS['0123456789ABCDEF'.charCodeAt(i)] = i;
const digitAt = (text: string, at: number): number => DIGITS[text.charCodeAt(at)] ?? -1;

/** @throws Error unless an even number of hexadecimal digits */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new Error('not hexadecimal');
  const bytes = new Uint8Array(text.length / 2);
  let wrong = 0;
  for (let i = 0; i < bytes.length; i++) {
    const value = (digitAt(text, 2 * i) << 4) | digitAt(text, 2 * i + 1);
    wrong |= value;
    bytes[i] = value;
  }
  if (wrong < 0) throw new Error('not hexadecimal');
  return bytes;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

/** RFC 4648 section 5, without padding. */
export function toBase64url(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length; start += 3072)
    pieces.push(encodePiece(bytes.subarray(start, start + 3072)));
  return pieces.join('');
}

function encodePiece(bytes: Uint8Array): string {
  let text = '';
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    text += ALPHABET[word >> 18]! + ALPHABET[(word >> 12) & 63]! + ALPHABET[(word >> 6) & 63]! + ALPHABET[word & 63]!;
  }
  const left = bytes.length - i;
  if (left === 0) return text;
  const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8);
  return text + ALPHABET[word >> 18]! + ALPHABET[(word >> 12) & 63]! + (left === 2 ? ALPHABET[(word >> 6) & 63]! : '');
}

/**
 * Strict: no padding, no other character, no superfluous bits, so that each byte string has one text.
 * @throws Error 'not base64url'
 */
export function fromBase64url(text: string): Uint8Array {
  if (typeof text !== 'string' || text.length % 4 === 1) throw new Error('not base64url');
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let word = 0;
  let bits = 0;
  let at = 0;
  let wrong = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? VALUES[code]! : -1;
    wrong |= value;
    word = ((word << 6) | (value & 63)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (word >> bits) & 255;
    }
  }
  if (wrong < 0 || (word & ((1 << bits) - 1)) !== 0) throw new Error('not base64url');
  return bytes;
}

/** Big-endian, unsigned. */
export function toBigInt(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let value = 0n;
  let at = 0;
  for (; at < bytes.length % 8; at++) value = (value << 8n) | BigInt(bytes[at]!);
  for (; at < bytes.length; at += 8) value = (value << 64n) | view.getBigUint64(at);
  return value;
}

/** Big-endian, unsigned, exactly `length` bytes. @throws RangeError if it does not fit */
export function fromBigInt(value: bigint, length: number): Uint8Array {
  if (value < 0n) throw new RangeError('number does not fit');
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let rest = value;
  let at = length;
  // setBigUint64 takes the lowest 64 bits
  for (; at >= 8; rest >>= 64n) view.setBigUint64((at -= 8), rest);
  for (; at > 0; rest >>= 8n) bytes[--at] = Number(rest & 255n);
  if (rest !== 0n) throw new RangeError('number does not fit');
  return bytes;
}
