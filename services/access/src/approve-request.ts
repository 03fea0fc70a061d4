import { signDocument } from '@medshare/crypto';
import type { approvalBody, StaffCertificate } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { isProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { forged } from './access.problems.js';
import type { InstitutionPolicy } from './access-policy.js';
import type { ChainState } from './chain-state.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { AccessStore } from './store/access-store.js';

/** Brings approvals to the chain: those that people signed, and the custodian service's own. */
export class ApproveRequest {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly chain: ChainState,
    private readonly policy: InstitutionPolicy,
    private readonly certificates: IssueCertificate,
  ) {}

  /** A member of the staff approves one leaf. The chain checks everything again. @throws Problem access.* */
  async byStaff(
    principal: Principal,
    requestId: string,
    { leaf, certificate, signature }: z.infer<typeof approvalBody>,
  ): Promise<{ granted: boolean; block: number }> {
    if (certificate.person !== this.certificates.pseudonym(principal.username)) throw forged('certificate.person');
    const notice = await this.store.notice.findUnique({ where: { requestId } });
    if (!notice?.leaves.includes(leaf)) throw problem('access.not-a-leaf', { where: 'leaf' });
    return this.submit(requestId, { leaf, certificate, signature }, notice.class);
  }

  /** The custodian service approves its leaf when this institution's own policy permits the purpose. */
  async byService(requestId: string): Promise<void> {
    const leaf = `custodian@${this.context.institution}`;
    const notice = await this.store.notice.findUnique({ where: { requestId } });
    if (!notice?.leaves.includes(leaf)) return;
    const { request, grant } = await this.chain.request(requestId);
    if (grant?.state === 'revoked' || request.expiresAt <= this.context.clock.now()) return;
    const { person, roles, institution } = request.requester.certificate;
    const refusal = this.policy.serviceRefusal({
      requester: { person, roles, institution },
      owner: request.institution,
      class: notice.class,
      purpose: request.ask.purpose,
    });
    if (refusal) return this.refuse(requestId, leaf, 'access.denied');
    const certificate = this.certificates.toService();
    const content = { requestId, requestHash: this.chain.hashOf(request), leaf };
    const signature = signDocument(this.context.suite, this.context.signingKey.privateKey, 'approval', 1, content);
    await this.submit(requestId, { leaf, certificate, signature }, notice.class);
  }

  private async submit(
    requestId: string,
    approval: { leaf: string; certificate: StaffCertificate; signature: string },
    dataClass: string,
  ): Promise<{ granted: boolean; block: number }> {
    try {
      const { block, response } = await this.chain.submit('approve', { version: 1, requestId, ...approval });
      const granted = (response as { granted?: boolean }).granted === true;
      await this.audit(requestId, approval, { outcome: 'success' });
      return { granted, block };
    } catch (caught) {
      if (isProblem(caught) && caught.code.startsWith('access.'))
        await this.audit(requestId, approval, { outcome: 'refused', problem: caught.code });
      this.context.logger.info({ requestId, class: dataClass, leaf: approval.leaf }, 'approval refused');
      throw caught;
    }
  }

  private async refuse(requestId: string, leaf: string, code: string): Promise<void> {
    const certificate = this.certificates.toService();
    await this.audit(requestId, { leaf, certificate }, { outcome: 'refused', problem: code });
  }

  private async audit(
    requestId: string,
    { leaf, certificate }: { leaf: string; certificate: StaffCertificate },
    result: { outcome: 'success' | 'refused'; problem?: string },
  ): Promise<void> {
    await this.context.audit.record({
      action: result.outcome === 'success' ? 'approval.given' : 'approval.refused',
      ...result,
      agent: { institution: certificate.institution, person: certificate.person, roles: certificate.roles },
      entities: [
        { kind: 'request', id: requestId },
        { kind: 'leaf', id: leaf },
      ],
    });
  }
}
