export * from './ledger.port.js';
export { checkViews, type AgreedView, type ViewRules } from './check-views.js';
export { readRequestState, requestSubject, signView, verifyView } from './view.js';
