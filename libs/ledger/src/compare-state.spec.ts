import { compareState, type KeptState, type Replayed } from './compare-state.js';
import type { ChainFinding } from './ledger.port.js';

interface Entry {
  readonly key: string;
  readonly value: number;
}

/** A state that goes on: each block of `coming` is taken up when the state was read so many times. */
function busy(kept: Map<string, number>, blocks: Map<string, number>, coming: [key: string, value: number][]) {
  const taken: [string, number][] = [];
  const take = () => {
    const block = coming.shift();
    if (block === undefined) return;
    taken.push(block);
    kept.set(...block);
  };
  const entries = () =>
    [...kept].map(([key, value]): Entry => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const state: KeptState<Entry> = {
    range(start, end, limit) {
      take();
      return Promise.resolve(
        entries()
          .filter(({ key }) => start <= key && key < end)
          .slice(0, limit),
      );
    },
    getMany(keys) {
      take();
      return Promise.resolve(entries().filter(({ key }) => keys.includes(key)));
    },
  };
  const replayed: Replayed<Entry> = {
    keys: () => new Set(blocks.keys()),
    differs: ({ key, value }) => (blocks.get(key) === value ? undefined : 'another value'),
  };
  async function* catchUp(): AsyncGenerator<ChainFinding, boolean> {
    await Promise.resolve();
    const some = taken.length > 0;
    for (const [key, value] of taken.splice(0)) blocks.set(key, value);
    return some;
  }
  return { state, replayed, catchUp };
}

const sound = () =>
  new Map(Array.from({ length: 2500 }, (_, i): [string, number] => [`k${String(i).padStart(5, '0')}`, i]));

async function findings({ state, replayed, catchUp }: ReturnType<typeof busy>): Promise<ChainFinding[]> {
  const found: ChainFinding[] = [];
  for await (const one of compareState(state, replayed, catchUp)) found.push(one);
  return found;
}

describe('the state beside its blocks', () => {
  it('is sound while blocks come: new keys, and new values of old ones', async () => {
    const coming: [string, number][] = [
      ['new', 1],
      ['k02400', 7],
      ['new', 2],
      ['k00001', 8],
      ['newer', 3],
    ];
    expect(await findings(busy(sound(), sound(), coming))).toEqual([]);
  });

  it('is found out in what differs all the same', async () => {
    const kept = sound();
    kept.set('k00005', -1).set('planted', 1);
    kept.delete('k02000');
    const coming: [string, number][] = [
      ['new', 1],
      ['new', 2],
      ['new', 3],
    ];
    const found = await findings(busy(kept, sound(), coming));
    expect(found.map((one) => 'id' in one && one.id).sort()).toEqual(['k00005', 'k02000', 'planted']);
  });
});
