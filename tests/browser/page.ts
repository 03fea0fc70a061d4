import {
  fromBase64url,
  fromHex,
  generateStaffKey,
  openBytes,
  openCapsules,
  checkDeal,
  requestCertificate,
  sealBytes,
  sealCapsule,
  signApproval,
  suite,
  toBase64url,
  toHex,
  unboxFragments,
  utf8,
  type BoxedFragments,
  type Capsule,
  type Deal,
  type GrantContext,
  type Sealing,
  type StaffKey,
  type SuiteName,
} from '@medshare/client/browser';
import type { Vectors } from '@medshare/crypto/fixture/vectors.fixture';
import { sm2Identity, sm2Sign } from '@medshare/crypto/sm2';
import { sm3 } from '@medshare/crypto/sm3';
import { encryptBlock, expandKey } from '@medshare/crypto/sm4';

// What the page can be told to do, in JSON; private keys that are made here stay here.

export { verifyAuditProof } from '@medshare/client/browser';

type SealingJson = Omit<Sealing, 'key'> & { key: string };
const sealingOf = ({ key, ...ids }: SealingJson): Sealing => ({ key: fromBase64url(key), ...ids });

const readers = new Map<string, Uint8Array>();
const staff = new Map<string, StaffKey>();

/** The vectors with every result made anew from its inputs; of an invalid signature nothing is left. */
export function computeVectors({ sm3: hashes, sm4, sm2, sha256, hmac, hkdf, p256 }: Vectors): Vectors {
  const [sm, intl] = [suite('sm'), suite('intl')];
  const { curve } = sm;
  const d = curve.scalarOf(fromHex(sm2.privateKey));
  const point = curve.base(d).toBytes(false);
  const signed = sm2Sign({ curve, sm3 }, d, utf8(sm2.message), () => BigInt(`0x${sm2.k}`));
  const valid = sm.verify(curve.encode(curve.base(d)), utf8(sm2.message), fromHex(sm2.signature));
  const publicKey = intl.publicKeyOf(fromHex(p256.privateKey));
  const holds = intl.verify(publicKey, utf8(p256.message), fromHex(p256.signature));
  return {
    sm3: hashes.map(({ message }) => ({ message, digest: toHex(sm.hash(utf8(message))) })),
    sm4: { key: sm4.key, block: sm4Block(fromHex(sm4.key)) },
    sm2: {
      ...sm2,
      point: toHex(point),
      identity: toHex(sm2Identity(sm3, point)),
      signature: valid ? toHex(signed) : '',
    },
    sha256: { message: sha256.message, digest: toHex(intl.hash(utf8(sha256.message))) },
    hmac: { ...hmac, tag: toHex(intl.hmac(utf8(hmac.key), ...hmac.message.map(utf8))) },
    hkdf: { ...hkdf, okm: toHex(intl.hkdf(fromHex(hkdf.ikm), fromHex(hkdf.info), 42, fromHex(hkdf.salt))) },
    p256: { ...p256, publicKey: toHex(publicKey), signature: holds ? p256.signature : '' },
  };
}

function sm4Block(key: Uint8Array): string {
  const view = new DataView(key.buffer, key.byteOffset, 16);
  const block = Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at));
  encryptBlock(expandKey(key), block);
  return Array.from(block, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

export const seal = async (name: SuiteName, sealing: SealingJson, plaintext: string): Promise<string> =>
  toBase64url(await sealBytes(suite(name), sealingOf(sealing), fromBase64url(plaintext)));

export const open = async (name: SuiteName, sealing: SealingJson, sealed: string): Promise<string> =>
  toBase64url(await openBytes(suite(name), sealingOf(sealing), fromBase64url(sealed)));

/** A section's capsule and what is sealed under its key. */
export async function sealSection(
  deal: Deal,
  about: Omit<Sealing, 'key'>,
  plaintext: string,
): Promise<{ capsule: Capsule; sealed: string }> {
  const used = suite(deal.suite);
  const { capsule, key } = sealCapsule(used, deal, about.section);
  return { capsule, sealed: toBase64url(await sealBytes(used, { ...about, key }, fromBase64url(plaintext))) };
}

/** @returns the public half of a new reading key */
export function makeReader(name: SuiteName): string {
  const { publicKey, privateKey } = suite(name).generateKeyPair();
  readers.set(toBase64url(publicKey), privateKey);
  return toBase64url(publicKey);
}

export interface Fragmented {
  deal: Deal;
  context: GrantContext;
  capsules: Capsule[];
  boxed: BoxedFragments[];
}

/** Opens a sealed section with the fragments of leaf holders. */
export async function openSection(
  { deal, context, capsules, boxed }: Fragmented,
  about: Omit<Sealing, 'key'>,
  sealed: string,
): Promise<string> {
  const used = suite(deal.suite);
  checkDeal(used, deal);
  const key = readers.get(context.reader);
  if (!key) throw new Error('no such reader');
  const fragments = boxed.map((one) => unboxFragments(used, deal, key, context, capsules, one));
  const index = capsules.findIndex(({ section }) => section === about.section);
  const opened = openCapsules(used, deal, capsules, fragments)[index];
  if (!opened) throw new Error('no capsule of this section');
  return toBase64url(await openBytes(used, { ...about, key: opened }, fromBase64url(sealed)));
}

/** @returns the public half of a new staff key */
export function makeStaff(name: SuiteName): string {
  const key = generateStaffKey(name);
  staff.set(key.publicKey, key);
  return key.publicKey;
}

const staffOf = (publicKey: string): StaffKey => {
  const key = staff.get(publicKey);
  if (!key) throw new Error('no such staff key');
  return key;
};

export const certificateRequest = (publicKey: string, time: number): ReturnType<typeof requestCertificate> =>
  requestCertificate(staffOf(publicKey), time);

export const approve = (
  publicKey: string,
  certificate: Parameters<typeof signApproval>[1],
  pending: Parameters<typeof signApproval>[2],
): ReturnType<typeof signApproval> => signApproval(staffOf(publicKey), certificate, pending);
