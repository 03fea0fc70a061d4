import { signDocument } from '@medshare/crypto';
import { readState, type confirmRevocation } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { endReleases } from './store/releases.js';

type Parts = Pick<RoleContext, 'institution' | 'suite' | 'clock' | 'database' | 'peers' | 'signingKey'>;

/** A custodian signs that nothing leaves it for a request any more, once its own copy of the chain shows the revocation. */
export class ConfirmRevocation {
  constructor(private readonly parts: Parts) {}

  /** @throws Problem request.conflict while the own copy does not show it */
  async confirm(requestId: string): Promise<z.infer<typeof confirmRevocation.response>> {
    const { institution, suite, clock, database, peers, signingKey } = this.parts;
    const { entries } = await peers.call(readState, institution, { keys: [`grant/${requestId}`] });
    const state = (entries[0]?.value as { state?: unknown } | undefined)?.state;
    if (state !== 'revoked')
      throw problem('request.conflict', { where: 'requestId', detail: 'not revoked on this copy of the chain' });
    const released = await database.transaction((tx) => endReleases(tx, requestId, clock.now()));
    const content = { requestId, institution, released };
    return { ...content, signature: signDocument(suite, signingKey.privateKey, 'revocation-confirmed', 1, content) };
  }
}
