export { chaincodeHash } from './embedded/chaincode-hash.js';
export type { MemberFinding, OnFinding } from './finding.js';
export * from './embedded/messages.js';
export { defaultSettings, type EmbeddedSettings } from './embedded/settings.js';
export type { Member, Transport } from './embedded/transport.js';
export { openEmbeddedLedger, type EmbeddedLedger, type EmbeddedLedgerOptions } from './embedded.driver.js';
export { chainMigrations } from './migrations.js';
