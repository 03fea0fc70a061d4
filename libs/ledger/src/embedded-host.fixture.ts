import { chaincode } from '@medshare/chaincode-region';
import type { VersionedEntry } from './embedded/chain-store.js';
import type { Executed, Outcome, Proposal } from './embedded/messages.js';
import { simulate } from './embedded/simulate.js';

/** The embedded ledger's execution of the chaincode, on a state in memory: it takes up what a call that succeeds wrote. */
export class EmbeddedHost {
  readonly #entries = new Map<string, VersionedEntry>();
  #block = 0;

  async run(creator: string, name: string, args: unknown, time: number): Promise<Outcome> {
    const store = {
      getMany: (keys: readonly string[]) =>
        Promise.resolve(new Map(keys.flatMap((key) => this.#found(key).map((entry) => [key, entry] as const)))),
      range: (start: string, end: string) =>
        Promise.resolve(this.#sorted().filter(({ key }) => start <= key && key < end)),
    };
    const proposal = { version: 1, region: 'east', creator, function: name, args, time, nonce: '' } as Proposal;
    const outcome = await simulate(chaincode, store, proposal, 'test');
    if (outcome.kind === 'done') this.#apply(outcome);
    return outcome;
  }

  /** The whole state as text, to compare two states. */
  dump(): string {
    return this.#sorted()
      .map(({ key, value }) => `${key} ${Buffer.from(value).toString()}`)
      .join('\n');
  }

  #apply({ rwset }: Executed): void {
    this.#block += 1;
    for (const { key, value } of rwset.writes) {
      if (value === null) this.#entries.delete(key);
      else this.#entries.set(key, { key, value: Buffer.from(value), version: [this.#block, 0] });
    }
  }

  #found(key: string): VersionedEntry[] {
    const entry = this.#entries.get(key);
    return entry === undefined ? [] : [entry];
  }

  #sorted(): VersionedEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
