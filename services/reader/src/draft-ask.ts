import { toBase64url } from '@medshare/crypto';
import { emergencyPurpose, type Ask, type draftBody } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { EmergencyRules } from '@medshare/policy';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import type { ReaderStore } from './store/reader-store.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Makes a fresh reading key for one ask, and the ask that a clinician signs. */
export class DraftAsk {
  constructor(
    private readonly context: RoleContext,
    private readonly store: ReaderStore,
    private readonly rules: EmergencyRules,
  ) {}

  /** @throws Problem access.reason-missing for an emergency without a reason, or a reason without an emergency */
  async draft(principal: Principal, { purpose, days, emergency }: z.infer<typeof draftBody>): Promise<Ask> {
    if ((purpose === emergencyPurpose) !== (emergency !== undefined))
      throw problem('access.reason-missing', { where: 'emergency.reason' });
    const { suite, random, clock, institution, keyEncryption } = this.context;
    const askId = random.uuid();
    const keys = suite.generateKeyPair();
    const now = clock.now();
    const ask: Ask = {
      version: 1,
      askId,
      institution,
      readerKey: toBase64url(keys.publicKey),
      purpose,
      expiresAt: now + this.life(days, emergency),
      nonce: toBase64url(random.bytes(16)),
      ...(emergency && { emergency: { reason: emergency.reason } }),
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

  private life(days: number, emergency: z.infer<typeof draftBody>['emergency']): number {
    const { limits, clockSkewMs } = this.context.region;
    const { defaultHours, maxHours } = this.rules;
    const most = emergency ? Math.min(limits.emergencyMs ?? DAY, limits.requestMs, maxHours * HOUR) : limits.requestMs;
    const wanted = emergency ? (emergency.hours ?? defaultHours) * HOUR : days * DAY;
    // what another member's clock may be behind is taken off the longest life that the chain allows
    return Math.min(wanted, most - clockSkewMs);
  }
}
