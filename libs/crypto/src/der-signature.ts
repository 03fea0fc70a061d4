import { concat } from './bytes.js';

/** SEQUENCE of two INTEGERs (X.690) out of r‖s, 64 bytes. */
export function toDer(signature: Uint8Array): Uint8Array {
  const body = concat(integer(signature.subarray(0, 32)), integer(signature.subarray(32)));
  return concat(Uint8Array.of(0x30, body.length), body);
}

function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  const sign = digits[0]! >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0);
  return concat(Uint8Array.of(2, sign.length + digits.length), sign, digits);
}

/** r‖s, 64 bytes, out of a signature that OpenSSL just made. */
export function fromDer(der: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1]!;
    let digits = der.subarray(at + 2, at + 2 + length);
    if (digits.length > 32) digits = digits.subarray(digits.length - 32);
    signature.set(digits, end - digits.length);
    at += 2 + length;
  }
  return signature;
}
