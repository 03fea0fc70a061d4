export { evaluateConsents, type ConsentAnswer, type ConsentQuestion, type StatedConsent } from './evaluate-consents.js';
export { readConsent, type Provision, type ReadConsent } from './read-consent.js';
export { digestOf, patientOf, versionCommitment, type ConsentVersion } from './consent-version.js';
