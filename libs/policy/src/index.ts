export { accessPolicyFiles, loadAccessPolicy, type AccessPolicy } from './access-policy.js';
export {
  serviceLeafApproves,
  toFill,
  type DenialList,
  type ServiceLeafAnswer,
  type ServiceLeafInput,
} from './approve-service-leaf.js';
export { decide } from './decide.js';
export type { Approval, Decision, DecisionInput, DecisionReceipt } from './decision.js';
export { instantiateFormula, type FormulaTemplate, type Region } from './formula-template.js';
export {
  blindedConsent,
  inputsHash,
  replayDecision,
  type DecisionInputs,
  type Difference,
  type ReplayMaterial,
} from './replay-decision.js';
export { writeReceipt } from './write-receipt.js';
export { checkPermit } from './check-permit.js';
export { reasonHolds } from './emergency-reason.js';
export { readEmergencyRules } from './read-emergency-rules.js';
export type { EmergencyRules } from './policy-files.js';
