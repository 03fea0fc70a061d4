import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Clock } from '@medshare/clock';

/** Entries of one model; beyond it the longest unused goes. Names are models of oidc-provider. */
const maxEntries = 10_000;

interface Entry {
  payload: AdapterPayload;
  expiresAt: number;
}

/** State of the embedded provider: sessions, codes, grants. In memory, so a restart asks people to sign in again. */
export function boundedAdapter(clock: Clock): (model: string) => Adapter {
  const models = new Map<string, ModelStore>();
  return (model) => {
    const store = models.get(model) ?? new ModelStore(clock);
    models.set(model, store);
    return store;
  };
}

class ModelStore implements Adapter {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    this.#entries.delete(id);
    this.#entries.set(id, { payload, expiresAt: this.#clock.now() + (expiresIn ?? 3600) * 1000 });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxEntries && oldest !== undefined) this.#entries.delete(oldest);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    this.#entries.delete(id);
    if (entry.expiresAt <= this.#clock.now()) return undefined;
    this.#entries.set(id, entry);
    return entry.payload;
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#findWhere((payload) => payload.uid === uid);
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findWhere((payload) => payload.userCode === userCode);
  }

  async consume(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry) entry.payload = { ...entry.payload, consumed: Math.floor(this.#clock.now() / 1000) };
  }

  async destroy(id: string): Promise<void> {
    this.#entries.delete(id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [id, { payload }] of this.#entries) if (payload.grantId === grantId) this.#entries.delete(id);
  }

  async #findWhere(fits: (payload: AdapterPayload) => boolean): Promise<AdapterPayload | undefined> {
    for (const [id, { payload }] of this.#entries) if (fits(payload)) return this.find(id);
    return undefined;
  }
}
