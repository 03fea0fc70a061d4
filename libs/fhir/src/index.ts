export { Decimal, defaultJsonLimits, parseFhirJson, toJsonBytes, type FhirJson, type JsonLimits } from './fhir-json.js';
export { type Span } from './json-scanner.js';
export { isSupportedResource } from './definitions.js';
export { validate, validateBundle } from './validate-bundle.js';
