import { problem } from '@medshare/problems';

/** @param digest 16 bytes or more of a keyed hash; @returns a UUID of version 8 (RFC 9562 section 5.8), for `idFor` */
export const uuidFrom = (digest: Uint8Array): string => {
  if (digest.length < 16) throw problem('internal', { detail: 'a digest of 16 bytes is needed' });
  const bytes = digest.slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
