import { canonical, documentHash, signDocument, type Capsule } from '@medshare/crypto';
import {
  event,
  readReachability,
  readState,
  type AuditReceipt,
  type EmergencyRelease,
  type Grant,
  type releaseEmergency,
  type Request,
} from '@medshare/events';
import { checkEmergency } from '@medshare/ledger';
import { checkPermit, type EmergencyRules } from '@medshare/policy';
import { asProblem, isProblem, problem, type ProblemCode } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { boxAnswer, entitiesOf } from './box-answer.js';
import type { CheckCapsules } from './check-capsules.js';
import { checkDealOf } from './check-grant.js';
import { institutionOf } from './members.js';
import { admitEmergency, insertEmergencyRelease } from './store/emergencies.js';
import { findLeaf, type HeldLeaf } from './store/leaves.js';
import { claimRelease } from './store/releases.js';

type Body = z.infer<typeof releaseEmergency.request>;
type Answer = z.infer<typeof releaseEmergency.response>;
type Parts = Pick<
  RoleContext,
  | 'institution'
  | 'region'
  | 'suite'
  | 'clock'
  | 'database'
  | 'outbox'
  | 'peers'
  | 'keyEncryption'
  | 'signingKey'
  | 'audit'
  | 'logger'
>;

const HOUR = 3_600_000;

interface Judged {
  held: HeldLeaf;
  bare: Capsule[];
  /** Last block of the own copy when it was judged. */
  height: number;
}

/**
 * A custodian's answer in an emergency while no transaction can be committed. Signed approvals that satisfy the formula stand in for the
 * grant; this custodian verifies them as the chaincode will. First a durable entry of its own audit log, then the evidence in its outbox,
 * then the fragments.
 */
export class ReleaseEmergency {
  constructor(
    private readonly parts: Parts,
    private readonly capsules: CheckCapsules,
    private readonly rules: EmergencyRules,
  ) {}

  /** @throws Problem access.*, ledger.refused, vault.capsule, request.rate-limited, audit.unavailable */
  async release(caller: string, body: Body): Promise<Answer> {
    try {
      const { held, bare, height } = await this.judge(caller, body);
      await this.admit(body);
      const receipt = await this.record(caller, body, height);
      await this.writeEvidence(body, bare, receipt);
      return await boxAnswer(this.parts, body.request, held, bare, receipt);
    } catch (caught) {
      await this.recordRefusal(caller, body, asProblem(caught).code);
      throw caught;
    }
  }

  private async judge(caller: string, body: Body): Promise<Judged> {
    const { region, clock, institution } = this.parts;
    const { request, leaf } = body;
    if (!this.rules.away.allowed) throw problem('access.denied', { where: 'policies/legal-basis: emergency.away' });
    if (request.requester.institution !== caller)
      throw problem('access.out-of-scope', { where: 'caller', detail: 'the request is of another institution' });
    if (institutionOf(leaf) !== institution)
      throw problem('access.out-of-scope', { where: 'leaf', detail: 'held elsewhere' });
    const { leaves } = checkEmergency(region, body, clock.now());
    if (!leaves.includes(leaf)) throw problem('access.incomplete', { where: leaf, detail: 'the leaf did not approve' });
    this.checkLife(request);
    checkPermit(region, request, body.receipt);
    if (!body.receipt.emergency?.away)
      throw problem('access.denied', { where: 'receipt', detail: 'the owner wants the chain’s grant' });
    const held = await this.heldLeaf(body);
    const height = await this.checkOwnCopy(request);
    await this.checkAway();
    return { held, bare: await this.capsules.check(held, body.capsules), height };
  }

  private checkLife({ id, issuedAt, expiresAt, ask }: Request): void {
    if (Math.min(expiresAt, ask.expiresAt) <= this.parts.clock.now()) throw problem('access.expired', { where: id });
    if (expiresAt - issuedAt > this.rules.maxHours * HOUR)
      throw problem('access.out-of-scope', { where: 'expiresAt', detail: `more than ${this.rules.maxHours} h` });
  }

  private async heldLeaf({ request, leaf, dealId, salt }: Body): Promise<HeldLeaf> {
    const { suite, database } = this.parts;
    if (documentHash(suite, 'deal-commitment', 1, { dealId, salt }) !== request.dealCommitment)
      throw problem('access.out-of-scope', { where: 'dealId', detail: 'the request is for another deal' });
    const held = await findLeaf(database, dealId, leaf);
    if (!held) throw problem('vault.sealed-off', { where: leaf, detail: 'the leaf is not held here' });
    checkDealOf(request, held);
    return held;
  }

  /** What the own copy has seen counts, however old it is. @returns its height */
  private async checkOwnCopy(request: Request): Promise<number> {
    const { peers, institution } = this.parts;
    const keys = [`request/${request.id}`, `grant/${request.id}`];
    const { height, entries } = await peers.call(readState, institution, { keys });
    const [known, grant] = keys.map((key) => entries.find((entry) => entry.key === key)?.value);
    if (known !== undefined && canonical(known as never) !== canonical(request as never))
      throw problem('access.forged', { where: 'request', detail: 'the chain has another under this id' });
    if ((grant as Grant | undefined)?.state === 'revoked') throw problem('access.revoked', { where: request.id });
    return height;
  }

  /** Believes nobody that the chain is away: it is asked. */
  private async checkAway(): Promise<void> {
    if (this.rules.away.whenReachable) return;
    const { reachable } = await this.parts.peers.call(readReachability, this.parts.institution, {});
    if (reachable) throw problem('access.chain-reachable', { where: this.parts.institution });
  }

  private async admit({ request, leaf }: Body): Promise<void> {
    const { database, clock } = this.parts;
    await database.transaction(async (tx) => {
      // a refusal rolls its own count back
      if (!(await admitEmergency(tx, request, leaf, this.rules.away, clock.now())))
        throw problem('request.rate-limited', { where: leaf, detail: 'emergencies without the chain in 24 h' });
    });
  }

  private record(caller: string, body: Body, height: number): Promise<AuditReceipt> {
    const { person, roles } = body.request.requester.certificate;
    return this.parts.audit.record({
      action: 'fragments.released',
      outcome: 'success',
      purpose: body.request.ask.purpose,
      agent: { institution: caller, person, roles },
      entities: entitiesOf({ requestId: body.request.id, ...body }, [
        { kind: 'chain', id: 'away' },
        { kind: 'height', id: String(height) },
      ]),
    });
  }

  /** Written down with its evidence on the way to the chain, before anything leaves. */
  private async writeEvidence(body: Body, bare: Capsule[], { leaf: entry }: AuditReceipt): Promise<void> {
    const { database, outbox, clock } = this.parts;
    const { request, approvals, leaf } = body;
    const now = clock.now();
    // writing the entry may have taken long
    this.checkLife(request);
    const release = this.statement(request, leaf, { releasedAt: now, capsules: bare.length, entry });
    await database.transaction(async (tx) => {
      const sections = bare.map(({ section }) => section);
      if (!(await claimRelease(tx, request.id, leaf, sections, now)))
        throw problem('access.revoked', { where: request.id });
      await insertEmergencyRelease(tx, release);
      const evidence = { request, approvals, release };
      await outbox.append(tx, [
        event('emergency.released', { id: `emergency/${entry}`, key: request.id }, { evidence }),
      ]);
    });
  }

  private statement(
    request: Request,
    leaf: string,
    said: Pick<EmergencyRelease, 'releasedAt' | 'capsules' | 'entry'>,
  ): EmergencyRelease {
    const { suite, signingKey, institution } = this.parts;
    const content = { requestId: request.id, leaf, institution, ...said };
    const signed = { ...content, requestHash: documentHash(suite, 'request', 1, request) };
    return {
      version: 1,
      ...content,
      signature: signDocument(suite, signingKey.privateKey, 'emergency-release', 1, signed),
    };
  }

  /** A refusal that cannot be written down is refused all the same. */
  private async recordRefusal(caller: string, body: Body, code: ProblemCode): Promise<void> {
    const requestId = body.request.id;
    const fact: AuditFact = {
      action: 'fragments.refused',
      outcome: 'refused',
      problem: code,
      agent: { institution: caller },
      entities: entitiesOf({ requestId, ...body }, [{ kind: 'chain', id: 'away' }]),
    };
    await this.parts.audit.record(fact).catch((caught: unknown) => {
      this.parts.logger.error({ code: isProblem(caught) ? caught.code : 'internal', requestId }, 'refusal not audited');
    });
  }
}
