import type { Blobs } from './blobs.port.js';

export interface ReadCopies {
  /** Places that should have it whole. */
  readonly places: number;
  /** Copies that are. */
  readonly whole: number;
  /** What one of them holds. */
  readonly content: Buffer | undefined;
}

/**
 * Reads every copy of a blob once. A copy that cannot be read to its end is none.
 * @throws Problem `storage.unavailable` when no place could be asked
 */
export async function readCopies(blobs: Blobs, cid: string): Promise<ReadCopies> {
  const copies = await blobs.copies(cid);
  let whole = 0;
  let content: Buffer | undefined;
  for (const copy of copies) {
    const bytes = await read(copy, content === undefined);
    if (!bytes) continue;
    whole += 1;
    content ??= bytes;
  }
  return { places: copies.length, whole, content };
}

/** @returns the bytes, none of them unless they are kept; undefined for what is damaged */
async function read(copy: AsyncIterable<Uint8Array>, kept: boolean): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of copy) if (kept) parts.push(part);
    return Buffer.concat(parts);
  } catch {
    return undefined;
  }
}
