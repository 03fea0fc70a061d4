export type {
  Basis,
  Classification,
  Confidentiality,
  Issue,
  Label,
  Level,
  Section,
  SectionClass,
} from './classification.js';
export { classify, maxLabels } from './classify.js';
export { loadLabelPolicy, policyFiles, type Category, type LabelPolicy } from './label-policy.js';
export { limits } from './slice-bundle.js';
