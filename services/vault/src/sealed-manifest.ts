import {
  canonical,
  frame,
  fromBase64url,
  fromUtf8,
  openBytes,
  sealBytes,
  signDocument,
  toBase64url,
  unframe,
  utf8,
  verifyDocument,
  type Suite,
} from '@medshare/crypto';
import { manifest as manifestShape, type Anchor, type Manifest, type SealedSection } from '@medshare/events';
import { leafHash, rootOf } from '@medshare/proofs';
import { problem } from '@medshare/problems';

/** Where a manifest belongs; it can be opened by whoever holds the patient's index key and knows the tag. */
export interface Place {
  region: string;
  institution: string;
  tag: string;
}

const hashOf =
  (suite: Suite) =>
  (...parts: Uint8Array[]) =>
    suite.hash(...parts);

/** A section's leaf in the seal root: its place, ciphertext, commitment and capsule. */
export const sealLeaf = (suite: Suite, section: SealedSection): Uint8Array =>
  leafHash(hashOf(suite), utf8(canonical(section)));

/** Root over what the sections say (salted), base64url: what is signed and stays when a record is sealed anew. */
export const recordRootOf = (suite: Suite, sections: readonly SealedSection[]): string =>
  toBase64url(
    rootOf(
      hashOf(suite),
      sections.map(({ content }) => leafHash(hashOf(suite), fromBase64url(content))),
    ),
  );

/** Root over the sections as they are sealed, base64url. */
export const sealRootOf = (suite: Suite, sections: readonly SealedSection[]): string =>
  toBase64url(
    rootOf(
      hashOf(suite),
      sections.map((section) => sealLeaf(suite, section)),
    ),
  );

/** Roots, and the institution's signature over the record root. */
export function signManifest(
  suite: Suite,
  privateKey: Uint8Array,
  given: Place & Pick<Manifest, 'record' | 'sections'>,
): Manifest {
  const { record, sections, region, institution, tag } = given;
  const recordRoot = recordRootOf(suite, sections);
  return {
    version: 1,
    suite: suite.name,
    region,
    institution,
    record,
    tag,
    recordRoot,
    sealRoot: sealRootOf(suite, sections),
    sections,
    signature: signDocument(suite, privateKey, 'record', 1, { record, recordRoot }),
  };
}

const sealing = (suite: Suite, indexKey: Uint8Array, { region, institution, tag }: Place, salt: Uint8Array) => ({
  key: suite.hkdf(indexKey, frame('medshare/manifest/1', region, institution, tag), 32),
  use: 'manifest',
  record: tag,
  section: toBase64url(salt),
  epoch: 0,
});

/** @param salt fresh: a crash may seal another manifest under the same tag, and no two may share a key and nonce */
export async function sealManifest(
  suite: Suite,
  indexKey: Uint8Array,
  manifest: Manifest,
  salt: Uint8Array,
): Promise<Uint8Array> {
  return frame(salt, await sealBytes(suite, sealing(suite, indexKey, manifest, salt), utf8(canonical(manifest))));
}

/** @throws Problem vault.tampered */
export async function openManifest(
  suite: Suite,
  indexKey: Uint8Array,
  place: Place,
  sealed: Uint8Array,
): Promise<Manifest> {
  try {
    const [salt, bytes] = unframe(sealed);
    if (!salt || !bytes) throw new Error('not a sealed manifest');
    const text = fromUtf8(await openBytes(suite, sealing(suite, indexKey, place, salt), bytes));
    return manifestShape.parse(JSON.parse(text));
  } catch (cause) {
    throw problem('vault.tampered', { where: place.tag, detail: 'the manifest does not open', cause });
  }
}

/** Holds a manifest against its anchor and its maker's key. @throws Problem vault.tampered, crypto.invalid (signature) */
export function checkManifest(suite: Suite, vaultKey: string, place: Place, anchor: Anchor, manifest: Manifest): void {
  const { record, recordRoot, sealRoot, sections, signature } = manifest;
  const fits =
    manifest.suite === suite.name &&
    manifest.region === place.region &&
    manifest.institution === place.institution &&
    manifest.tag === place.tag &&
    anchor.recordRoot === recordRoot &&
    anchor.sealRoot === sealRoot &&
    recordRootOf(suite, sections) === recordRoot &&
    sealRootOf(suite, sections) === sealRoot &&
    sections.every(({ section, capsule }) => capsule === undefined || capsule.section === section);
  if (!fits) throw problem('vault.tampered', { where: place.tag, detail: 'the manifest does not match its anchor' });
  if (!verifyDocument(suite, vaultKey, 'record', 1, { record, recordRoot }, signature))
    throw problem('crypto.invalid', { where: place.tag, detail: 'the signature over the record root' });
}
