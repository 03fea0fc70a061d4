import { Problem } from '@medshare/problems';
import type { TransitParts } from './transit.js';

interface TransitKey {
  id: string;
  key: Uint8Array;
  createdAt: number;
}

/** The institution's transit keys: wrapped in PostgreSQL, cached in memory, the newest one seals. */
export class TransitKeys {
  private newest: TransitKey | undefined;
  private readonly cache = new Map<string, Uint8Array>();
  private making: Promise<TransitKey> | undefined;

  constructor(
    private readonly parts: Pick<TransitParts, 'database' | 'keyEncryption' | 'clock' | 'random'>,
    private readonly rotateAfter: number,
  ) {}

  async current(): Promise<TransitKey> {
    if (this.newest && this.parts.clock.now() - this.newest.createdAt < this.rotateAfter) return this.newest;
    this.making ??= this.load().finally(() => (this.making = undefined));
    this.newest = await this.making;
    return this.newest;
  }

  async byId(id: string): Promise<Uint8Array> {
    const cached = this.cache.get(id);
    if (cached) return cached;
    const { rows } = await this.parts.database.query<{ wrapped: Buffer | null }>(
      'SELECT wrapped FROM key WHERE id = $1',
      [id],
    );
    const wrapped = rows[0]?.wrapped;
    if (!wrapped)
      throw new Problem('storage.unavailable', { where: `transit key ${id}`, detail: 'destroyed or missing' });
    const key = await this.parts.keyEncryption.unwrap(wrapped, `transit/${id}`);
    this.cache.set(id, key);
    return key;
  }

  async destroyBefore(instant: number): Promise<number> {
    const { rows } = await this.parts.database.query<{ id: string }>(
      'UPDATE key SET wrapped = NULL, destroyed_at = $2 WHERE created_at < $1 AND wrapped IS NOT NULL RETURNING id',
      [new Date(instant), new Date(this.parts.clock.now())],
    );
    for (const { id } of rows) this.cache.delete(id);
    if (this.newest && this.newest.createdAt < instant) this.newest = undefined;
    return rows.length;
  }

  private async load(): Promise<TransitKey> {
    const youngest = new Date(this.parts.clock.now() - this.rotateAfter);
    const { rows } = await this.parts.database.query<{ id: string; created_at: Date }>(
      'SELECT id, created_at FROM key WHERE wrapped IS NOT NULL AND created_at > $1 ORDER BY created_at DESC LIMIT 1',
      [youngest],
    );
    const found = rows[0];
    if (found) return { id: found.id, key: await this.byId(found.id), createdAt: found.created_at.getTime() };
    return this.make();
  }

  private async make(): Promise<TransitKey> {
    const made = { id: this.parts.random.uuid(), key: this.parts.random.bytes(32), createdAt: this.parts.clock.now() };
    const wrapped = await this.parts.keyEncryption.wrap(made.key, `transit/${made.id}`);
    await this.parts.database.query('INSERT INTO key (id, wrapped, created_at) VALUES ($1, $2, $3)', [
      made.id,
      Buffer.from(wrapped),
      new Date(made.createdAt),
    ]);
    this.cache.set(made.id, made.key);
    return made;
  }
}
