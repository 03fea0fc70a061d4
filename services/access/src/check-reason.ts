import type { Suite } from '@medshare/crypto';
import { emergencyPurpose, type Ask, type EmergencyReason } from '@medshare/events';
import { reasonHolds } from '@medshare/policy';
import { problem } from '@medshare/problems';

/** An emergency, and nothing else, states a reason, and it is the one that was signed. @throws Problem access.reason-missing */
export function checkReason(suite: Suite, ask: Ask, reason: EmergencyReason | undefined): void {
  const emergency = ask.purpose === emergencyPurpose;
  const said = ask.emergency !== undefined && reason !== undefined && reasonHolds(suite, ask, reason);
  const silent = ask.emergency === undefined && reason === undefined;
  if (emergency ? !said : !silent) throw problem('access.reason-missing', { where: 'reason' });
}
