import { concat } from './bytes.js';

/** ECDSA-Sig-Value (RFC 3279, 2.2.3): SEQUENCE of two INTEGERs, for a 64-byte r‖s. */
export function rawToDer(raw: Uint8Array): Uint8Array {
  const body = concat(integer(raw.subarray(0, 32)), integer(raw.subarray(32, 64)));
  return concat(Uint8Array.of(0x30, body.length), body);
}

function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const trimmed = bytes.subarray(start);
  const body = trimmed[0]! & 0x80 ? concat(Uint8Array.of(0), trimmed) : trimmed;
  return concat(Uint8Array.of(2, body.length), body);
}

export function derToRaw(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1]!;
    const value = der.subarray(at + 2, at + 2 + length);
    const trimmed = value[0] === 0 ? value.subarray(1) : value;
    raw.set(trimmed, end - trimmed.length);
    at += 2 + length;
  }
  return raw;
}
