export { Decimal, defaultJsonLimits, parseFhirJson, toJsonBytes, type FhirJson, type JsonLimits } from './fhir-json.js';
export { type Span } from './json-scanner.js';
export { isSupportedResource, supportedResources } from './definitions.js';
export { validate, validateBundle } from './validate-bundle.js';
export { type MapOptions, type Resource } from './mapping/context.js';
export { maxIssues, type LossCode, type MapIssue } from './mapping/ledger.js';
export { lossReport } from './mapping/loss-report.js';
export { mapMessage, mappingVersion, type Bundle, type Mapped } from './mapping/map-message.js';
export {
  bundleKind,
  episodeOf,
  patientIdentifiers,
  replacedIdentifiers,
  subjectOf,
  type BundleKind,
  type Episode,
  type PatientIdentifier,
} from './bundle-facts.js';
export { uuidFrom } from './uuid.js';
