import { setTimeout as sleep } from 'node:timers/promises';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { fromBase64url, verifyDocument } from '@medshare/crypto';
import { confirmRevocation, type revocationBody } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { forged } from './access.problems.js';
import { memberOf } from './check-certificate.js';
import type { ChainState } from './chain-state.js';
import type { IssueCertificate } from './issue-certificate.js';

/** Pause between two questions to a custodian whose copy of the chain has not caught up, ms. */
const pause = 100;

/**
 * Ends a request on the chain and tells the caller only when it is in force everywhere: every custodian has signed that
 * its own copy shows the revocation, or lease plus clock bound have passed since the commit.
 */
export class RevokeRequest implements BeforeApplicationShutdown {
  private readonly stop = new AbortController();

  constructor(
    private readonly context: RoleContext,
    private readonly chain: ChainState,
    private readonly certificates: IssueCertificate,
  ) {}

  /** A stopping process does not wait for a custodian that is away. */
  beforeApplicationShutdown(): void {
    this.stop.abort();
  }

  async revoke(
    principal: Principal,
    requestId: string,
    { certificate, reason, signature }: z.infer<typeof revocationBody>,
  ): Promise<{ block: number; releasedBefore: number }> {
    if (certificate.person !== this.certificates.personOf(principal, certificate.publicKey))
      throw forged('certificate.person');
    const { block } = await this.chain.submit('revoke', { version: 1, requestId, certificate, reason, signature });
    await this.context.audit.record({
      action: 'grant.revoked',
      outcome: 'success',
      agent: { institution: certificate.institution, person: certificate.person, roles: certificate.roles },
      entities: [{ kind: 'request', id: requestId }],
    });
    const { region, clock } = this.context;
    const deadline = clock.now() + region.leaseMs + region.clockSkewMs;
    const confirmed = await Promise.all(region.members.map(({ id }) => this.confirm(id, requestId, deadline)));
    return { block, releasedBefore: confirmed.reduce((sum, released) => sum + released, 0) };
  }

  /** Asks until the custodian confirms or the deadline makes its confirmation needless. */
  private async confirm(institution: string, requestId: string, deadline: number): Promise<number> {
    const { context } = this;
    while (context.clock.now() < deadline) {
      // nobody may be told that it is in force before it is
      if (this.stop.signal.aborted)
        throw problem('peer.unavailable', { where: institution, detail: 'this role stops' });
      try {
        const answer = await context.peers.call(confirmRevocation, institution, { requestId });
        const { signature, ...body } = answer;
        const key = fromBase64url(memberOf(context.region, institution).keys.vault);
        if (!verifyDocument(context.suite, key, 'revocation-confirmed', 1, body, signature)) throw forged('signature');
        if (body.requestId !== requestId || body.institution !== institution) throw forged('requestId');
        return answer.released;
      } catch {
        await sleep(pause, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    }
    return 0;
  }
}
