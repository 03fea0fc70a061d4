import { isProblem, type Problem } from '@medshare/problems';
import type { Blobs } from './blobs.port.js';

export interface ReadCopies {
  /** Places that should have it whole, and could be read. */
  readonly places: number;
  /** Copies that are. */
  readonly whole: number;
  /** What one of them holds. */
  readonly content: Buffer | undefined;
}

/**
 * Reads every copy of a blob once. A damaged copy is none. A place that breaks off in the middle is left out, as one that could not be asked
 * at all: it counts for no whole copy, since none was seen, and for no damaged one either.
 * @throws Problem `storage.unavailable` when no place could be asked
 */
export async function readCopies(blobs: Blobs, cid: string): Promise<ReadCopies> {
  const copies = await blobs.copies(cid);
  let [places, whole] = [0, 0];
  let content: Buffer | undefined;
  let broken: Problem | undefined;
  for (const copy of copies) {
    const bytes = await read(copy, content === undefined);
    if (isProblem(bytes)) {
      broken = bytes;
      continue;
    }
    places += 1;
    if (!bytes) continue;
    whole += 1;
    content ??= bytes;
  }
  if (places === 0 && broken) throw broken;
  return { places, whole, content };
}

/** @returns the bytes, none of them unless they are kept; undefined for what is damaged; the problem of a place that broke off */
async function read(copy: AsyncIterable<Uint8Array>, kept: boolean): Promise<Buffer | Problem | undefined> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of copy) if (kept) parts.push(part);
    return Buffer.concat(parts);
  } catch (caught) {
    return isProblem(caught) && caught.code === 'storage.unavailable' ? caught : undefined;
  }
}
