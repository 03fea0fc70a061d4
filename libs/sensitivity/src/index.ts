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
