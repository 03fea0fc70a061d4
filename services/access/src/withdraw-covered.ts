import { documentHash, fromBase64url, signDocument } from '@medshare/crypto';
import type { Ask, Request, StaffCertificate } from '@medshare/events';
import { uuidFrom } from '@medshare/fhir';
import { isProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { InstitutionPolicy } from './access-policy.js';
import type { ChainState } from './chain-state.js';
import type { IssueCertificate } from './issue-certificate.js';
import type { KeepConsents } from './keep-consents.js';

const DAY = 86_400_000;
/** Most permits of one patient that are looked at. */
const most = 10_000;

interface Permit {
  dealCommitment: string;
  class: string;
  level: number;
  request: Pick<Request, 'formula' | 'approval'>;
  expiresAt: Date;
  envelope: { ask: Ask; certificate: StaffCertificate; signature: string; relation: 'treating' | 'none' };
}

/**
 * Ends what was permitted before and the patient's consents no longer allow, granted or not. A permit that nobody has brought to the chain yet is
 * brought there and ended, so that nobody can bring it later. Harmless to repeat.
 */
export class WithdrawCovered {
  constructor(
    private readonly context: RoleContext,
    private readonly chain: ChainState,
    private readonly policy: InstitutionPolicy,
    private readonly certificates: IssueCertificate,
    private readonly consents: KeepConsents,
  ) {}

  /** @returns how many were withdrawn. @throws Problem ledger.unavailable and other transient ones */
  async ofPatient(patient: string): Promise<number> {
    const { database, clock } = this.context;
    const { rows } = await database.query<Permit>(
      `SELECT p.deal_commitment AS "dealCommitment", p.class, p.level, p.request, p.expires_at AS "expiresAt", a.envelope
       FROM proposal p JOIN ask a ON a.id = p.ask_id
       WHERE p.patient = $1 AND p.withdrawn_at IS NULL AND p.expires_at > $2 AND a.envelope IS NOT NULL AND p.request IS NOT NULL
       ORDER BY p.expires_at LIMIT ${most}`,
      [patient, new Date(clock.now())],
    );
    if (rows.length === 0) return 0;
    const inForce = await this.consents.inForce([patient]);
    const ended = rows.filter((permit) => this.isRefused(permit, inForce));
    for (const permit of ended) await this.withdraw(permit);
    return ended.length;
  }

  /** By the consents: what only the policy would decide otherwise today stays as it was permitted. */
  private isRefused(permit: Permit, inForce: Parameters<KeepConsents['answer']>[0]): boolean {
    const { clock, institution } = this.context;
    const { ask, certificate, relation } = permit.envelope;
    const requester = { institution: certificate.institution, roles: certificate.roles, person: certificate.person };
    const question = { requester, purpose: ask.purpose, class: permit.class, at: clock.now() };
    const said = this.consents.answer(inForce, question);
    const { outcome, rules } = this.policy.decide({
      requester,
      owner: institution,
      class: permit.class,
      level: permit.level,
      purpose: ask.purpose,
      relation,
      requestedDays: Math.max(1, Math.ceil((ask.expiresAt - clock.now()) / DAY)),
      consent: said.said,
      consentRules: said.rules,
    });
    return outcome === 'deny' && rules.some((rule) => rule === 'consent.opt-out' || rule === 'consent.opt-in');
  }

  private async withdraw(permit: Permit): Promise<void> {
    const { context } = this;
    const requestId = documentHash(context.suite, 'request-id', 1, {
      askId: permit.envelope.ask.askId,
      dealCommitment: permit.dealCommitment,
    });
    const request = await this.onChain(requestId, permit);
    if (request) await this.revoke(request);
    await context.database.transaction(async (tx) => {
      const { rowCount } = await tx.query(
        'UPDATE proposal SET withdrawn_at = $2 WHERE deal_commitment = $1 AND withdrawn_at IS NULL',
        [permit.dealCommitment, new Date(context.clock.now())],
      );
      if (rowCount !== 1) return;
      await context.audit.append(tx, {
        id: uuidFrom(fromBase64url(documentHash(context.suite, 'withdrawal-entry', 1, { requestId }))),
        action: 'grant.revoked',
        outcome: 'success',
        agent: { person: 'custodian-service' },
        entities: [
          { kind: 'request', id: requestId },
          { kind: 'reason', id: 'consent-withdrawn' },
        ],
      });
    });
  }

  /** The request as it stands on the chain, after it was brought there; undefined if the chain takes it from nobody any more. */
  private async onChain(requestId: string, permit: Permit): Promise<Request | undefined> {
    const known = async () => (await this.chain.requests([requestId])).get(requestId)?.request;
    const there = await known();
    if (there) return there;
    try {
      await this.chain.submit('request', this.requestOf(requestId, permit));
    } catch (caught) {
      // expired by now, or the asker was faster with a body of its own
      if (!isProblem(caught) || !/^(access\.|ledger\.refused)/.test(caught.code)) throw caught;
    }
    return known();
  }

  private requestOf(id: string, { dealCommitment, request, envelope, expiresAt }: Permit): Request {
    const { ask, certificate, signature } = envelope;
    return {
      version: 1,
      id,
      institution: this.context.institution,
      requester: { institution: certificate.institution, certificate },
      ask,
      askSignature: signature,
      dealCommitment,
      ...request,
      issuedAt: this.context.clock.now(),
      expiresAt: expiresAt.getTime(),
    };
  }

  private async revoke(request: Request): Promise<void> {
    const { suite, signingKey } = this.context;
    const content = { requestId: request.id, requestHash: this.chain.hashOf(request), reason: 'consent-withdrawn' };
    const signature = signDocument(suite, signingKey.privateKey, 'revocation', 1, content);
    await this.chain.submit('revoke', {
      version: 1,
      requestId: request.id,
      certificate: this.certificates.toService(),
      reason: content.reason,
      signature,
    });
  }
}
