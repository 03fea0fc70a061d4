import { readEmergencyRules } from '@medshare/policy';
import type { RoleContext } from '@medshare/role';
import { AcceptLeaf } from './accept-leaf.js';
import { CheckCapsules } from './check-capsules.js';
import { ClassFormulas } from './class-formulas.js';
import { ConfirmRevocation } from './confirm-revocation.js';
import { DeliverLeaves } from './deliver-leaves.js';
import { DeriveIndexKey } from './derive-index-key.js';
import { EvaluateIndex } from './evaluate-index.js';
import { FindAnchors } from './find-anchors.js';
import { FindDeals } from './find-deals.js';
import { IndexPatient } from './index-patient.js';
import { MakeDeal } from './make-deal.js';
import { ReleaseEmergency } from './release-emergency.js';
import { ReleaseFragments } from './release-fragments.js';
import { SealRecord } from './seal-record.js';
import { SealSection } from './seal-section.js';

export interface VaultSettings {
  /** This institution's share of the region's OPRF key, 32 bytes; who joined later has none. */
  oprfShare: Uint8Array | undefined;
}

/** The vault's use-cases on one context. */
export function assembleVault(context: RoleContext, { oprfShare }: VaultSettings) {
  const evaluation = new EvaluateIndex(context, oprfShare);
  const index = new IndexPatient(context, new DeriveIndexKey(context), evaluation);
  const formulas = new ClassFormulas(context.policyFiles('formulas'), context.institution, context.region);
  const legalBasis = context.policyFiles('legal-basis')[`${context.region.region}.yaml`] ?? '';
  const capsules = new CheckCapsules(context);
  return {
    evaluation,
    records: new SealRecord(context, index, new MakeDeal(context, formulas), new SealSection(context)),
    deliveries: new DeliverLeaves(context),
    leaves: new AcceptLeaf(context),
    anchors: new FindAnchors(context, index),
    deals: new FindDeals(context),
    fragments: new ReleaseFragments(context, capsules),
    emergencies: new ReleaseEmergency(context, capsules, readEmergencyRules(legalBasis)),
    revocations: new ConfirmRevocation(context),
  };
}
export type Vault = ReturnType<typeof assembleVault>;
