export { checkLedger } from './check-ledger.js';
export { LedgerModule, type LedgerSettings } from './ledger.module.js';
