import { documentHash, fromBase64url, signDocument } from '@medshare/crypto';
import { isServiceLeaf } from '@medshare/crypto/fill-rule';
import { parseFormula } from '@medshare/crypto/formula';
import type { approvalBody, Request, StaffCertificate } from '@medshare/events';
import { uuidFrom } from '@medshare/fhir';
import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { askTraceparent, currentTraceparent, isTraced, traced } from '@medshare/telemetry';
import type { z } from 'zod';
import { forged, isRefusal } from './access.problems.js';
import type { InstitutionPolicy } from './access-policy.js';
import type { ApproveAway } from './approve-away.js';
import type { ChainState } from './chain-state.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { AccessStore } from './store/access-store.js';

type Who = Pick<StaffCertificate, 'institution' | 'person' | 'roles'>;

/** Brings approvals to the chain: those that people signed, and the custodian service's own. */
export class ApproveRequest {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly chain: ChainState,
    private readonly policy: InstitutionPolicy,
    private readonly certificates: IssueCertificate,
    private readonly away: ApproveAway,
  ) {}

  /** A member of the staff approves one leaf. The chain checks everything again. @throws Problem access.* */
  async byStaff(
    principal: Principal,
    requestId: string,
    { leaf, certificate, signature }: z.infer<typeof approvalBody>,
  ): Promise<{ granted: boolean; block: number }> {
    const person = this.certificates.personOf(principal, certificate.publicKey);
    try {
      if (certificate.person !== person) throw forged('certificate.person');
      const notice = await this.store.notice.findUnique({ where: { requestId } });
      if (!notice?.leaves.includes(leaf)) throw problem('access.not-a-leaf', { where: 'leaf' });
      return await this.submit(requestId, { leaf, certificate, signature });
    } catch (caught) {
      // named by the token: what the certificate claims may be the very thing that is refused
      const who = { institution: this.context.institution, person, roles: [...principal.roles] };
      await this.refused(requestId, leaf, who, caught);
      throw caught;
    }
  }

  /** The institution's service approves its leaves when this institution's own policy permits the purpose. */
  async byService(requestId: string): Promise<void> {
    const notice = await this.store.notice.findUnique({ where: { requestId } });
    const held = notice?.leaves.filter(isServiceLeaf) ?? [];
    if (!notice || held.length === 0) return;
    if (notice.away) return this.away.byService(notice);
    const { request, grant } = await this.chain.request(requestId);
    if (grant?.state === 'revoked' || request.expiresAt <= this.context.clock.now()) return;
    const { person, roles, institution } = request.requester.certificate;
    const { leaves } = this.policy.serviceLeaf({
      requester: { person, roles, institution },
      owner: request.institution,
      class: notice.class,
      purpose: request.ask.purpose,
      formula: parseFormula(request.formula),
      approval: request.approval ?? 'none',
    });
    for (const leaf of held) await this.answer(request, leaf, leaves.includes(leaf));
  }

  private async answer(request: Request, leaf: string, approves: boolean): Promise<void> {
    const { id: requestId } = request;
    const certificate = this.certificates.toService();
    if (!approves)
      return void (await this.refused(requestId, leaf, certificate, problem('access.denied', { where: leaf })));
    const content = { requestId, requestHash: this.chain.hashOf(request), leaf };
    const signature = signDocument(this.context.suite, this.context.signingKey.privateKey, 'approval', 1, content);
    try {
      await this.submit(requestId, { leaf, certificate, signature });
    } catch (caught) {
      // a refusal is an answer: thrown, it would park the later events of this request behind it
      if (!(await this.refused(requestId, leaf, certificate, caught))) throw caught;
    }
  }

  private async submit(
    requestId: string,
    approval: { leaf: string; certificate: StaffCertificate; signature: string },
  ): Promise<{ granted: boolean; block: number }> {
    const place = { institution: this.context.institution, role: 'access' };
    const options = {
      parent: await this.traceOf(requestId),
      links: [currentTraceparent()],
      attributes: { 'medshare.request': requestId },
    };
    return traced('approve', place, options, async (step) => {
      const { block, response } = await this.chain.submit('approve', { version: 1, requestId, ...approval });
      step.set({ 'medshare.block': block });
      const granted = (response as { granted?: boolean }).granted === true;
      await this.audit(requestId, approval.leaf, approval.certificate, { outcome: 'success' });
      return { granted, block };
    });
  }

  /** An approval is a step of its ask's trace; which ask that is stands on the chain. */
  private async traceOf(requestId: string): Promise<string | undefined> {
    if (!isTraced(this.context.institution)) return undefined;
    const found = await this.chain.request(requestId).catch(() => undefined);
    return found && askTraceparent(found.request.ask.askId);
  }

  /** What failed for a technical reason was no refusal: it is tried again. */
  private async refused(requestId: string, leaf: string, who: Who, caught: unknown): Promise<boolean> {
    if (!isRefusal(caught)) return false;
    await this.audit(requestId, leaf, who, { outcome: 'refused', problem: caught.code });
    this.context.logger.info({ requestId, leaf, code: caught.code }, 'approval refused');
    return true;
  }

  private async audit(
    requestId: string,
    leaf: string,
    { institution, person, roles }: Who,
    result: { outcome: 'success' | 'refused'; problem?: string },
  ): Promise<void> {
    const { suite, institution: here } = this.context;
    const fact = { here, requestId, leaf, person, outcome: result.outcome, problem: result.problem ?? '' };
    const id = uuidFrom(fromBase64url(documentHash(suite, 'approval-entry', 1, fact)));
    const given = result.outcome === 'success';
    await this.context.audit.record({
      // a redelivered event, or the same approval sent twice, is one entry; every refusal of a person is one of its own
      ...(given || person === 'custodian-service' ? { id } : {}),
      action: given ? 'approval.given' : 'approval.refused',
      ...result,
      agent: { institution, person, roles },
      entities: [
        { kind: 'request', id: requestId },
        { kind: 'leaf', id: leaf.slice(0, 82) },
      ],
    });
  }
}
