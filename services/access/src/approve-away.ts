import { documentHash, fromBase64url, signDocument } from '@medshare/crypto';
import { isServiceLeaf } from '@medshare/crypto/fill-rule';
import { parseFormula } from '@medshare/crypto/formula';
import {
  emergencyApproval,
  readReachability,
  request as requestShape,
  type EmergencyApproval,
  type emergencyApprovalBody,
  type Request,
  type StaffCertificate,
} from '@medshare/events';
import { uuidFrom } from '@medshare/fhir';
import type { Principal } from '@medshare/identity';
import { checkAwayApproval } from '@medshare/ledger';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { forged, isRefusal } from './access.problems.js';
import type { InstitutionPolicy } from './access-policy.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { AccessStore } from './store/access-store.js';

type Notice = NonNullable<Awaited<ReturnType<AccessStore['notice']['findUnique']>>>;

/** Approvals of emergencies while the chain is away: kept here, signed, until the requester's institution fetches them. */
export class ApproveAway {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly policy: InstitutionPolicy,
    private readonly certificates: IssueCertificate,
  ) {}

  /** @throws Problem access.*, and access.chain-reachable once the chain is back: there it is approved then */
  async byStaff(
    principal: Principal,
    requestId: string,
    given: z.infer<typeof emergencyApprovalBody>,
  ): Promise<{ approvedAt: number }> {
    const { leaf, certificate } = given;
    const person = this.certificates.pseudonym(principal.username);
    try {
      if (certificate.person !== person) throw forged('certificate.person');
      const notice = await this.store.notice.findUnique({ where: { requestId } });
      if (!notice?.leaves.includes(leaf)) throw problem('access.not-a-leaf', { where: 'leaf' });
      // noticed on the chain: it is approved there
      if (!notice.away) throw problem('access.chain-reachable', { where: 'requestId' });
      return await this.keep(notice, { version: 1, requestId, ...given });
    } catch (caught) {
      const who = { institution: this.context.institution, person, roles: [...principal.roles] };
      if (isRefusal(caught)) await this.audit({ requestId, leaf, who, problem: caught.code });
      throw caught;
    }
  }

  /** The institution's service approves its leaves by itself, as it would on the chain. */
  async byService(notice: Notice): Promise<void> {
    const request = requestOf(notice);
    const { person, roles, institution } = request.requester.certificate;
    const { leaves } = this.policy.serviceLeaf({
      requester: { person, roles, institution },
      owner: request.institution,
      class: notice.class,
      purpose: request.ask.purpose,
      formula: parseFormula(request.formula),
      approval: request.approval ?? 'none',
    });
    const { requestId } = notice;
    const who = this.certificates.toService();
    for (const leaf of notice.leaves.filter(isServiceLeaf)) {
      if (leaves.includes(leaf)) await this.answer(notice, request, leaf);
      else await this.audit({ requestId, leaf, who, problem: 'access.denied' });
    }
  }

  private async answer(notice: Notice, request: Request, leaf: string): Promise<void> {
    const { suite, clock, signingKey } = this.context;
    const { requestId } = notice;
    const certificate = this.certificates.toService();
    const approvedAt = clock.now();
    const content = { requestId, requestHash: documentHash(suite, 'request', 1, request), leaf, approvedAt };
    const signature = signDocument(suite, signingKey.privateKey, 'emergency-approval', 1, content);
    try {
      await this.keep(notice, { version: 1, requestId, leaf, certificate, approvedAt, signature });
    } catch (caught) {
      // a refusal is an answer: thrown, it would park the later events of this request behind it
      if (!isRefusal(caught)) throw caught;
      await this.audit({ requestId, leaf, who: certificate, problem: caught.code });
    }
  }

  /** What was approved here, for the requester's institution or the owner. */
  async collected(caller: string, requestId: string): Promise<EmergencyApproval[]> {
    const notice = await this.store.notice.findUnique({ where: { requestId }, include: { approvals: true } });
    if (!notice?.request) return [];
    const { institution, requester } = requestOf(notice);
    if (caller !== requester.institution && caller !== institution) return [];
    return notice.approvals.map(({ body }) => emergencyApproval.parse(body));
  }

  private async keep(notice: Notice, approval: EmergencyApproval): Promise<{ approvedAt: number }> {
    const { requestId, leaf, certificate, approvedAt } = approval;
    const { person } = certificate;
    const request = requestOf(notice);
    const there = await this.store.awayApproval.findMany({ where: { requestId } });
    const same = there.find((one) => one.leaf === leaf && one.person === person);
    if (same) return { approvedAt: same.approvedAt.getTime() };
    const filled = there.map(({ body }) => emergencyApproval.parse(body));
    this.check(request, filled, approval);
    await this.checkAway();
    // durable before it is kept, and kept before it is told
    await this.audit({ requestId, leaf, who: certificate });
    const row = { requestId, leaf, person, approvedAt: new Date(approvedAt), body: approval as object };
    const { count } = await this.store.awayApproval.createMany({ data: [row], skipDuplicates: true });
    if (count === 0) return this.keep(notice, approval);
    return { approvedAt };
  }

  private check(request: Request, filled: EmergencyApproval[], approval: EmergencyApproval): void {
    const { clock, region } = this.context;
    const now = clock.now();
    if (Math.abs(now - approval.approvedAt) > region.clockSkewMs)
      throw problem('access.expired', { where: 'approvedAt', detail: 'not signed now' });
    if (now >= request.expiresAt) throw problem('access.expired', { where: request.id });
    if (filled.some(({ leaf }) => leaf === approval.leaf))
      throw problem('ledger.refused', { where: 'leaf', detail: 'the leaf is filled' });
    checkAwayApproval(region, request, filled, approval, now);
  }

  private async checkAway(): Promise<void> {
    const { peers, institution } = this.context;
    const { reachable } = await peers.call(readReachability, institution, {});
    if (reachable && !this.policy.emergency.away.whenReachable)
      throw problem('access.chain-reachable', { where: institution });
  }

  private async audit(said: {
    requestId: string;
    leaf: string;
    who: Pick<StaffCertificate, 'institution' | 'person' | 'roles'>;
    problem?: string;
  }): Promise<void> {
    const { suite, institution: here, audit } = this.context;
    const { requestId, leaf, who, problem: code } = said;
    const fact = { here, requestId, leaf, person: who.person, chain: 'away', ...(code && { problem: code }) };
    // a redelivered event, or the same approval sent twice, is one entry; every refusal of a person is one of its own
    const once = !code || who.person === this.certificates.toService().person;
    await audit.record({
      ...(once && { id: uuidFrom(fromBase64url(documentHash(suite, 'away-approval-entry', 1, fact))) }),
      action: code ? 'approval.refused' : 'approval.given',
      outcome: code ? 'refused' : 'success',
      ...(code && { problem: code }),
      agent: { institution: who.institution, person: who.person, roles: who.roles },
      entities: [
        { kind: 'request', id: requestId },
        { kind: 'leaf', id: leaf.slice(0, 82) },
        { kind: 'chain', id: 'away' },
      ],
    });
  }
}

const requestOf = ({ request }: Pick<Notice, 'request'>): Request => requestShape.parse(request);
