import { chaincode } from './chaincode.js';
import type { ChaincodeEvent, Entry, Json, State } from './state.js';

/** Runs the chaincode one transaction after the other on a map; as on every host, no transaction sees its own writes. */
export class MemoryHost {
  readonly entries = new Map<string, Uint8Array>();
  readonly events: ChaincodeEvent[] = [];
  /** Writes of the last transaction. */
  written = new Map<string, Uint8Array | undefined>();

  async run(creator: string, name: string, args: unknown, time: number): Promise<Json> {
    this.written = new Map();
    const events: ChaincodeEvent[] = [];
    const emit = (event: ChaincodeEvent) => void events.push(event);
    const response = await chaincode.functions[name]!(
      { txId: 'test', time, creator, state: this.#state(), emit },
      args,
    );
    for (const [key, value] of this.written) {
      if (value === undefined) this.entries.delete(key);
      else this.entries.set(key, value);
    }
    this.events.push(...events);
    return response;
  }

  read<T>(key: string): T | undefined {
    const bytes = this.entries.get(key);
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T);
  }

  /** The whole state as text, to compare two states. */
  dump(): string {
    return [...this.entries.keys()]
      .sort()
      .map((key) => `${key} ${new TextDecoder().decode(this.entries.get(key))}`)
      .join('\n');
  }

  #state(): State {
    return {
      get: (key) => Promise.resolve(this.entries.get(key)),
      put: (key, value) => void this.written.set(key, value),
      del: (key) => void this.written.set(key, undefined),
      range: (from, to) => Promise.resolve(this.#range(from, to)),
    };
  }

  #range(from: string, to: string): Entry[] {
    const keys = [...this.entries.keys()].filter((key) => from <= key && key < to).sort();
    return keys.map((key) => ({ key, value: this.entries.get(key)! }));
  }
}
