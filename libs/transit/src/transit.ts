import type { Clock, Random } from '@medshare/clock';
import { frame, openBytes, sealBytes, unframe, type Suite } from '@medshare/crypto';
import type { Call, Database, Tx } from '@medshare/database';
import type { KeyEncryption } from '@medshare/keys';
import { getPayload, putPayloads, storingPayloads } from '@medshare/outbox';
import { Problem } from '@medshare/problems';
import { TransitKeys } from './transit-keys.js';

/** What travels between two roles of one institution: a small JSON header and exact bytes. */
export interface Payload {
  header: unknown;
  parts: Uint8Array[];
}

export interface TransitParts {
  /** Schema `transit`. */
  database: Database;
  suite: Suite;
  keyEncryption: KeyEncryption;
  clock: Clock;
  random: Random;
  /** Age at which a new key takes over, ms. */
  rotateAfter?: number;
}

const DAY = 86_400_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Payloads between the roles of one institution, sealed under its transit key. Events carry only the reference.
 * Destroying a key after the bus's retention destroys every payload sealed under it.
 */
export class Transit {
  private readonly keys: TransitKeys;

  constructor(private readonly parts: TransitParts) {
    this.keys = new TransitKeys(parts, parts.rotateAfter ?? DAY);
  }

  /** Stores a payload within the caller's transaction; the reference is valid once that commits. */
  async put(tx: Tx, payload: Payload): Promise<string> {
    const [ref] = await this.putAll(tx, [payload]);
    return ref as string;
  }

  /** The same for many at once, in one statement; references in the payloads' order. */
  async putAll(tx: Tx, payloads: readonly Payload[]): Promise<string[]> {
    return putPayloads(tx, await this.sealAll(payloads));
  }

  /** The same as a call to make together with others in one statement. */
  async storing(payloads: readonly Payload[]): Promise<{ refs: string[]; call: Call }> {
    return storingPayloads(await this.sealAll(payloads));
  }

  /** Reads a payload back; a payload that is gone or does not authenticate is a Problem `storage.unavailable`. */
  async get(ref: string): Promise<Payload> {
    const [keyId, sealId, sealed] = unframe(await collect(getPayload(this.parts.database, ref)));
    if (!keyId || !sealId || !sealed) throw new Problem('internal', { detail: 'payload shape' });
    const key = await this.keys.byId(decoder.decode(keyId));
    const plaintext = await openBytes(this.parts.suite, sealing(key, decoder.decode(sealId)), sealed);
    const [header, ...parts] = unframe(plaintext);
    return { header: JSON.parse(decoder.decode(header)) as unknown, parts };
  }

  /** Destroys keys (and so payloads) created before the instant, ms. */
  async destroyKeysBefore(instant: number): Promise<number> {
    return this.keys.destroyBefore(instant);
  }

  private async sealAll(payloads: readonly Payload[]): Promise<Uint8Array[]> {
    const sealed: Uint8Array[] = [];
    for (const payload of payloads) sealed.push(await this.seal(payload));
    return sealed;
  }

  private async seal(payload: Payload): Promise<Uint8Array> {
    const { id, key } = await this.keys.current();
    const sealId = this.parts.random.uuid();
    const plaintext = frame(encoder.encode(JSON.stringify(payload.header)), ...payload.parts);
    return frame(id, sealId, await sealBytes(this.parts.suite, sealing(key, sealId), plaintext));
  }
}

const sealing = (key: Uint8Array, sealId: string) => ({
  key,
  use: 'transit',
  record: sealId,
  section: 'payload',
  epoch: 0,
});

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
