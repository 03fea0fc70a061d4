export * from './ledger.port.js';
export { checkViews, type AgreedView, type ViewRules } from './check-views.js';
export { readRequestState, requestSubject, signView, verifyView } from './view.js';
export { checkAwayApproval, checkEmergency, checkRequest, type AwayGrant } from './check-emergency.js';
