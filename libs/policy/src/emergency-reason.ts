import { documentHash, type Suite } from '@medshare/crypto';
import type { Ask, EmergencyReason } from '@medshare/events';

/** Whether a stated reason is the one that the ask's hash holds, and says something: `other` needs words. */
export function reasonHolds(suite: Suite, ask: Ask, reason: EmergencyReason): boolean {
  const said = reason.code !== 'other' || reason.text.trim() !== '';
  return said && ask.emergency?.reason === documentHash(suite, 'emergency-reason', 1, reason);
}
