import { isProblem, problem } from '@medshare/problems';
import type { CID } from 'multiformats/cid';
import type { Copy } from '../car-store.js';
import { isBlockOf } from './address.js';
import { CarReader } from './car.js';
import { exportFile, type Block } from './export-file.js';

/** Blocks kept for when they stand again: kubo leaves out of a CAR what it has given before. */
const kept = 16;
/**
 * The bytes of a file out of a copy. What the CAR does not give rightly is asked for block by block, as long as the copy knows how.
 * @throws Problem `blob.tampered` naming the root, `storage.unavailable`
 */
export async function* readCopy(root: CID, copy: Copy): AsyncGenerator<Uint8Array> {
  const car = new CarReader(root, copy.car);
  const recent = new Map<string, Uint8Array>();
  let ahead: Block | undefined;
  let ended = false;
  const fromCar = async (cid: CID): Promise<Uint8Array | undefined> => {
    if (!ended) ahead ??= await nextOf(car);
    ended ||= ahead === undefined;
    if (!ahead?.cid.equals(cid)) return undefined;
    const { bytes } = ahead;
    ahead = undefined;
    return (await isBlockOf(cid, bytes)) ? bytes : undefined;
  };
  const read = async (cid: CID): Promise<Uint8Array> => {
    const key = cid.toString();
    const bytes = (await fromCar(cid)) ?? recent.get(key) ?? (await alone(cid, copy));
    if (!bytes) throw problem('blob.tampered', { where: root.toString() });
    recent.set(key, bytes);
    if (recent.size > kept) recent.delete(recent.keys().next().value!);
    return bytes;
  };
  try {
    yield* exportFile(root, read);
  } finally {
    await car.close();
  }
}

/** @returns undefined at the end, and where it is no CAR */
const nextOf = (car: CarReader): Promise<Block | undefined> =>
  car.next().catch((caught: unknown) => {
    if (isProblem(caught)) throw caught;
    return undefined;
  });

async function alone(cid: CID, copy: Copy): Promise<Uint8Array | undefined> {
  for (const block of copy.blocks ?? []) {
    const bytes = await block(cid);
    if (bytes && (await isBlockOf(cid, bytes))) return bytes;
  }
  return undefined;
}

/** Whether all of a copy is right. */
export async function isWhole(root: CID, copy: Copy): Promise<boolean> {
  try {
    for await (const part of readCopy(root, copy)) void part;
    return true;
  } catch {
    return false;
  }
}
