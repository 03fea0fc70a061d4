import type { EventOf } from '@medshare/events';
import type { RoleContext } from '@medshare/role';
import type { ChainState } from './chain-state.js';
import { versionsOf } from './store/consents.js';
import { consentLimits } from './record-consent.js';
import type { WithdrawCovered } from './withdraw-covered.js';

/** After a consent was recorded: its commitment goes to the chain, and what it no longer allows is withdrawn. Repeating it changes nothing. */
export class FollowConsent {
  constructor(
    private readonly context: RoleContext,
    private readonly chain: ChainState,
    private readonly withdrawing: WithdrawCovered,
  ) {}

  async follow({ consentId, version, commitment }: EventOf<'consent.recorded'>): Promise<void> {
    const { institution, database, logger } = this.context;
    await this.chain.submit('consent', { version: 1, institution, commitment });
    const rows = await versionsOf(database, consentId, consentLimits.versions);
    const row = rows.find((one) => one.version === version);
    if (!row) return;
    const withdrawn = await this.withdrawing.ofPatient(row.patient);
    if (withdrawn > 0) logger.info({ consentId, withdrawn }, 'permits withdrawn after a consent');
  }
}
