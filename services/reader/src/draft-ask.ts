import { toBase64url } from '@medshare/crypto';
import type { Ask } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import type { ReaderStore } from './store/reader-store.js';

const DAY = 86_400_000;

/** Makes a fresh reading key for one ask, and the ask that a clinician signs. */
export class DraftAsk {
  constructor(
    private readonly context: RoleContext,
    private readonly store: ReaderStore,
  ) {}

  async draft(principal: Principal, { purpose, days }: { purpose: string; days: number }): Promise<Ask> {
    const { suite, random, clock, institution, keyEncryption, region } = this.context;
    const askId = random.uuid();
    const keys = suite.generateKeyPair();
    const now = clock.now();
    // what another member's clock may be behind; taken off the longest life that the chain allows
    const margin = region.clockSkewMs;
    const ask: Ask = {
      version: 1,
      askId,
      institution,
      readerKey: toBase64url(keys.publicKey),
      purpose,
      expiresAt: now + Math.min(days * DAY, region.limits.requestMs - margin),
      nonce: toBase64url(random.bytes(16)),
    };
    await this.store.ask.create({
      data: {
        id: askId,
        state: 'draft',
        username: principal.username,
        body: ask,
        readerKey: Buffer.from(await keyEncryption.wrap(keys.privateKey, `reader/${askId}`)),
        expiresAt: new Date(ask.expiresAt),
        createdAt: new Date(now),
      },
    });
    return ask;
  }
}
