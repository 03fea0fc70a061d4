import { isProblem, problem, type Problem } from '@medshare/problems';
import type { CID } from 'multiformats/cid';
import type { Copy } from '../car-store.js';
import { storageProblem } from '../storage-problem.js';
import { isBlockOf } from './address.js';
import { CarReader } from './car.js';
import { exportFile, type Block } from './export-file.js';

/** Blocks kept for when they stand again: kubo leaves out of a CAR what it has given before. */
const kept = 16;
/**
 * The bytes of a file out of a copy. What the CAR does not give rightly is asked for block by block, as long as the copy knows how.
 * @throws Problem `blob.tampered` naming the root; `storage.unavailable` when a place broke off, which says nothing of its bytes
 */
export async function* readCopy(root: CID, copy: Copy): AsyncGenerator<Uint8Array> {
  const car = new CarReader(root, copy.car);
  const recent = new Map<string, Uint8Array>();
  let ahead: Block | undefined;
  let ended = false;
  let broken: Problem | undefined;
  const ask = askingFor(copy);
  const nextOf = (): Promise<Block | undefined> =>
    car.next().catch((caught: unknown) => {
      // only the source's own fault is a Problem; whatever is no CAR is damage
      if (isProblem(caught)) broken = caught;
      return undefined;
    });
  const fromCar = async (cid: CID): Promise<Uint8Array | undefined> => {
    if (!ended) ahead ??= await nextOf();
    ended ||= ahead === undefined;
    if (!ahead?.cid.equals(cid)) return undefined;
    const { bytes } = ahead;
    ahead = undefined;
    return (await isBlockOf(cid, bytes)) ? bytes : undefined;
  };
  const read = async (cid: CID): Promise<Uint8Array> => {
    const key = cid.toString();
    const bytes = (await fromCar(cid)) ?? recent.get(key) ?? (await ask(cid));
    if (!bytes) throw broken ?? problem('blob.tampered', { where: root.toString() });
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

/**
 * Asks the ways to one block, the best first; a way that broke is not asked again.
 * @returns undefined when every place was asked and none has it. @throws Problem `storage.unavailable` when one could not be asked
 */
function askingFor({ blocks = [] }: Copy): (cid: CID) => Promise<Uint8Array | undefined> {
  const ways = new Set(blocks);
  let broken: Problem | undefined;
  return async (cid) => {
    for (const way of ways) {
      const bytes = await way(cid).catch((caught: unknown) => {
        broken = storageProblem(caught);
        ways.delete(way);
      });
      if (bytes && (await isBlockOf(cid, bytes))) return bytes;
    }
    if (broken) throw broken;
    return undefined;
  };
}

/**
 * Whether all of a copy is right. A line that breaks leaves that open: whoever took it for damage would take away a copy that is whole.
 * @throws Problem `storage.unavailable`
 */
export async function isWhole(root: CID, copy: Copy): Promise<boolean> {
  try {
    for await (const part of readCopy(root, copy)) void part;
    return true;
  } catch (caught) {
    if (isProblem(caught) && caught.code === 'blob.tampered') return false;
    throw caught;
  }
}
