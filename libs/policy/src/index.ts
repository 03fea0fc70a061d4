export type { Approval, Decision, DecisionInput, DecisionReceipt } from './decision.js';
