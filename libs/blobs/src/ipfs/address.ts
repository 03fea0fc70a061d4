import { timingSafeEqual } from 'node:crypto';
import { problem } from '@medshare/problems';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';

export const RAW = 0x55;
const DAG_PB = 0x70;

/** @returns the CID, if it is one this store makes: version 1, raw or dag-pb, SHA-256, base32; else a Problem `request.invalid` */
export const parseCid = (text: string): CID => {
  const invalid = problem('request.invalid', { where: 'cid' });
  if (!/^b[a-z2-7]{20,80}$/.test(text)) throw invalid;
  try {
    const cid = CID.parse(text);
    if (cid.version === 1 && [RAW, DAG_PB].includes(cid.code) && cid.multihash.code === sha256.code) return cid as CID;
  } catch {
    // told below
  }
  throw invalid;
};

/** Whether bytes are those that the CID names. */
export const isBlockOf = async (cid: CID, bytes: Uint8Array): Promise<boolean> => {
  const { digest } = await sha256.digest(bytes);
  return digest.length === cid.multihash.digest.length && timingSafeEqual(digest, cid.multihash.digest);
};
