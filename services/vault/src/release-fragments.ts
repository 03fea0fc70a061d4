import type { Capsule } from '@medshare/crypto';
import { readState, type AuditReceipt, type releaseFragments, type Request } from '@medshare/events';
import { asProblem, isProblem, problem, type ProblemCode } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import { traced } from '@medshare/telemetry';
import type { z } from 'zod';
import { boxAnswer, entitiesOf } from './box-answer.js';
import type { CheckCapsules } from './check-capsules.js';
import { checkDealOf, checkGrant } from './check-grant.js';
import { institutionOf } from './members.js';
import { findLeaf, type HeldLeaf } from './store/leaves.js';
import { claimRelease } from './store/releases.js';

type Body = z.infer<typeof releaseFragments.request>;
type Answer = z.infer<typeof releaseFragments.response>;
type Parts = Pick<
  RoleContext,
  | 'institution'
  | 'region'
  | 'suite'
  | 'clock'
  | 'database'
  | 'peers'
  | 'keyEncryption'
  | 'signingKey'
  | 'audit'
  | 'logger'
>;

/**
 * A custodian's answer. It believes nobody: grant by a quorum's views and its own copy of the chain, capsules by their proofs and
 * anchors, time by its own clock. No durable audit entry, no release.
 */
export class ReleaseFragments {
  constructor(
    private readonly parts: Parts,
    private readonly capsules: CheckCapsules,
  ) {}

  /** @throws Problem access.incomplete, access.revoked, access.expired, access.out-of-scope, view.invalid, view.stale, vault.capsule, audit.unavailable */
  release(caller: string, body: Body): Promise<Answer> {
    const place = { institution: this.parts.institution, role: 'vault' };
    const attributes = {
      'medshare.peer': caller,
      'medshare.request': body.requestId,
      'medshare.count': body.capsules.length,
    };
    return traced('release', place, { attributes }, () => this.judged(caller, body));
  }

  private async judged(caller: string, body: Body): Promise<Answer> {
    try {
      const { request, held, bare } = await this.judge(caller, body);
      const receipt = await this.record(caller, body, request);
      // writing the entry may have taken longer than the lease
      checkGrant(this.parts.suite, this.parts.region, { caller, ...body }, this.parts.clock.now());
      return await boxAnswer(this.parts, request, held, bare, receipt);
    } catch (caught) {
      await this.recordRefusal(caller, body, asProblem(caught).code);
      throw caught;
    }
  }

  private async judge(caller: string, body: Body): Promise<{ request: Request; held: HeldLeaf; bare: Capsule[] }> {
    const { suite, region, clock, institution, database } = this.parts;
    const request = checkGrant(suite, region, { caller, ...body }, clock.now());
    if (institutionOf(body.leaf) !== institution)
      throw problem('access.out-of-scope', { where: 'leaf', detail: 'held elsewhere' });
    const held = await findLeaf(database, body.dealId, body.leaf);
    if (!held) throw problem('vault.sealed-off', { where: body.leaf, detail: 'the leaf is not held here' });
    checkDealOf(request, held);
    await this.checkOwnCopy(body.requestId);
    const bare = await this.capsules.check(held, body.capsules);
    const sections = bare.map(({ section }) => section);
    const claimed = await database.transaction((tx) =>
      claimRelease(tx, body.requestId, body.leaf, sections, clock.now()),
    );
    if (!claimed) throw problem('access.revoked', { where: body.requestId });
    return { request, held, bare };
  }

  /** The own copy may lag behind the quorum's, but what it has seen revoked stays so. */
  private async checkOwnCopy(requestId: string): Promise<void> {
    const { peers, institution } = this.parts;
    const { entries } = await peers.call(readState, institution, { keys: [`grant/${requestId}`] });
    const state = (entries[0]?.value as { state?: unknown } | undefined)?.state;
    if (state === 'revoked') throw problem('access.revoked', { where: requestId });
  }

  private record(caller: string, body: Body, { requester, ask }: Request): Promise<AuditReceipt> {
    const { person, roles } = requester.certificate;
    return this.parts.audit.record({
      ...factOf(body),
      action: 'fragments.released',
      outcome: 'success',
      purpose: ask.purpose,
      agent: { institution: caller, person, roles },
    });
  }

  /** A refusal that cannot be written down is refused all the same. */
  private async recordRefusal(caller: string, body: Body, code: ProblemCode): Promise<void> {
    const fact: AuditFact = {
      ...factOf(body),
      action: 'fragments.refused',
      outcome: 'refused',
      problem: code,
      agent: { institution: caller },
    };
    await this.parts.audit.record(fact).catch((caught: unknown) => {
      const { logger } = this.parts;
      logger.error(
        { code: isProblem(caught) ? caught.code : 'internal', requestId: body.requestId },
        'refusal not audited',
      );
    });
  }
}

const factOf = (body: Body): Pick<AuditFact, 'entities'> => ({ entities: entitiesOf(body) });
