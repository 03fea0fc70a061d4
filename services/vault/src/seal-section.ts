import { sealCapsule, sealStream, type Capsule, type Deal } from '@medshare/crypto';
import type { SealedSection } from '@medshare/events';
import type { RoleContext } from '@medshare/role';
import { makeContent, saltBytes } from './section-content.js';
import { currentEpoch } from './store/deals.js';
import type { SectionRow } from './store/records.js';

type Parts = Pick<RoleContext, 'suite' | 'random' | 'blobs' | 'keyEncryption'>;

export interface SectionDraft {
  bytes: Uint8Array;
  header: unknown;
  /** Absent for the source's own bytes: no deal opens them. */
  shared?: { deal: Deal; class: string; level: number };
}

export interface SectionSealed {
  sealed: SealedSection;
  row: SectionRow;
}

/** What a section's own key is wrapped for. */
export const sectionContext = (section: string): string => `section/${section}`;

/** Seals one section under a fresh key into a blob. Nothing of a run that ends half-way is used again. */
export class SealSection {
  constructor(private readonly parts: Parts) {}

  async seal(record: string, { bytes, header, shared }: SectionDraft): Promise<SectionSealed> {
    const { suite, random, blobs, keyEncryption } = this.parts;
    const section = random.uuid();
    const { key, capsule } = this.keyOf(section, shared?.deal);
    const { plaintext, content } = makeContent(suite, random.bytes(saltBytes), header, bytes);
    const sealing = { key, use: 'section', record, section, epoch: currentEpoch };
    const { cid, size } = await blobs.put(sealStream(suite, sealing, only(plaintext)));
    const wrappedKey = await keyEncryption.wrap(key, sectionContext(section));
    key.fill(0);
    return {
      sealed: { section, cid, size, epoch: currentEpoch, content, ...(capsule && { capsule }) },
      row: { id: section, dealId: shared?.deal.id, class: shared?.class, level: shared?.level, cid, wrappedKey },
    };
  }

  private keyOf(section: string, deal: Deal | undefined): { key: Uint8Array; capsule?: Capsule } {
    const { suite, random } = this.parts;
    return deal ? sealCapsule(suite, deal, section) : { key: random.bytes(32) };
  }
}

async function* only(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
