import { toBase64url } from '@medshare/crypto';
import type { ReplayAnswer } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { DecisionInputs } from '@medshare/policy';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { ArchivePolicy } from './archive-policy.js';
import type { IssueCertificate } from './issue-certificate.js';
import { versionOf, type KeepConsents } from './keep-consents.js';
import type { ReadReceipt } from './read-receipt.js';
import type { AccessStore } from './store/access-store.js';
import { latestOf } from './store/consents.js';

/** Everything that a regulator needs to decide once more what a receipt says was decided. Handing it out is audited. */
export class GiveReplayMaterial {
  constructor(
    private readonly context: RoleContext,
    private readonly store: AccessStore,
    private readonly receipts: ReadReceipt,
    private readonly policies: ArchivePolicy,
    private readonly consents: KeepConsents,
    private readonly certificates: IssueCertificate,
  ) {}

  /** @throws Problem request.not-found; request.gone for a receipt of before its inputs were kept */
  async of(principal: Principal, id: string): Promise<ReplayAnswer> {
    const receipt = await this.receipts.read(id);
    const row = await this.store.receipt.findUnique({ where: { id } });
    if (!row?.inputs) throw problem('request.gone', { where: 'path.id', detail: 'its inputs were not kept' });
    const inputs = row.inputs as unknown as DecisionInputs;
    const rows = await latestOf(this.context.database, inputs.patients, receipt.time);
    const consents = await Promise.all(
      rows.map(async (one) => ({ version: versionOf(one), resource: toBase64url(await this.consents.open(one)) })),
    );
    await this.context.audit.record({
      action: 'receipt.replayed',
      outcome: 'success',
      agent: { person: this.certificates.pseudonym(principal.username), roles: [...principal.roles].slice(0, 20) },
      entities: [
        { kind: 'receipt', id },
        ...rows.slice(0, 50).map(({ consentId }) => ({ kind: 'consent', id: consentId })),
      ],
    });
    return {
      version: 1,
      receipt,
      inputs,
      policy: await this.policies.version(receipt.policyHash),
      consents,
    } as ReplayAnswer;
  }
}
