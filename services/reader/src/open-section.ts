import { equalBytes, fromBase64url, openBytes, suite, toBase64url, unframe } from '@medshare/crypto';
import type { Manifest, SealedSection } from '@medshare/events';
import { rootOf, leafHash } from '@medshare/proofs';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';

export interface OpenedSection {
  bytes: Uint8Array;
  /** Hash of the bytes under the record's suite, base64url. */
  digest: string;
}

/** Bytes of ciphertext of one section at most: it is opened in memory, and its size is what another institution wrote. */
const mostBytes = 256 * 1024 * 1024;

/** Fetches a section's ciphertext, opens it with its key and holds what comes out against the signed record root. */
export class OpenSection {
  constructor(private readonly context: RoleContext) {}

  /** @throws Problem blob.missing, blob.tampered, vault.tampered naming the section */
  async open(manifest: Manifest, section: SealedSection, key: Uint8Array): Promise<OpenedSection> {
    const used = suite(manifest.suite);
    const sealed = await this.fetch(section);
    const { record } = manifest;
    const plain = await openBytes(
      used,
      { key, use: 'section', record, section: section.section, epoch: section.epoch },
      sealed,
    ).catch(() => {
      throw problem('vault.tampered', { where: section.section, detail: 'the ciphertext does not authenticate' });
    });
    const [salt, header, bytes] = unframe(plain);
    if (!salt || !header || !bytes) throw problem('vault.tampered', { where: section.section });
    if (!equalBytes(used.hash(salt, header, bytes), fromBase64url(section.content)))
      throw problem('vault.tampered', { where: section.section, detail: 'not the content that was signed' });
    this.checkRoot(manifest);
    return { bytes, digest: toBase64url(used.hash(bytes)) };
  }

  private checkRoot(manifest: Manifest): void {
    const used = suite(manifest.suite);
    const hash = (...parts: Uint8Array[]) => used.hash(...parts);
    const leaves = manifest.sections.map(({ content }) => leafHash(hash, fromBase64url(content)));
    if (toBase64url(rootOf(hash, leaves)) !== manifest.recordRoot)
      throw problem('vault.tampered', { where: manifest.record, detail: 'record root' });
  }

  private async fetch({ cid, size }: SealedSection): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let total = 0;
    if (size > mostBytes) throw problem('request.too-large', { where: cid });
    for await (const chunk of this.context.blobs.get(cid)) {
      total += chunk.length;
      if (total > size) throw problem('blob.tampered', { where: cid, detail: 'longer than the manifest says' });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}
