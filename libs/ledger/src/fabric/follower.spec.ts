import { Readable } from 'node:stream';
import type { Connection } from './connection.js';
import type { Copy } from './copy.js';
import { Follower, type FollowerParts } from './follower.js';
import { defaultSettings } from './settings.js';

/** A peer's line of blocks on which nothing comes until it is closed; then it ends in an error, as a gRPC stream does. */
class SilentLine {
  readonly #stream = new Readable({ read: () => undefined });

  close(): void {
    this.#stream.destroy(new Error('1 CANCELLED: Cancelled on client'));
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#stream[Symbol.asyncIterator]();
  }
}

describe('who follows a peer on which nothing happens', () => {
  /** @param opening what the line takes to open */
  const follower = (opening: Promise<void>, asked: () => void = () => undefined) => {
    const getBlockEvents = async () => {
      asked();
      await opening;
      return new SilentLine();
    };
    const connection = {
      gateway: { getNetwork: () => ({ getBlockEvents }) },
      access: { channel: 'east' },
      replaced: new AbortController().signal,
    } as unknown as Connection;
    const copy = { head: () => Promise.resolve(undefined) } as unknown as Copy;
    return new Follower({ connection, copy, settings: defaultSettings, onTrouble: fail } as unknown as FollowerParts);
  };
  const fail = (found: Error) => {
    throw found;
  };

  it('stops when it is asked to while it waits for a block', async () => {
    const one = follower(Promise.resolve());
    one.start();
    await new Promise(setImmediate);
    await one.stop();
  });

  it('stops when it is asked to while the line is being opened', async () => {
    let [open, ask] = [() => undefined as void, () => undefined as void];
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const one = follower(new Promise<void>((resolve) => (open = resolve)), ask);
    one.start();
    await asked;
    const stopped = one.stop();
    open();
    await stopped;
  });
});
