export { chaincodeHash } from './embedded/chaincode-hash.js';
export type { MemberFinding, OnFinding } from './embedded/finding.js';
export * from './embedded/messages.js';
export { readChaincodeSources } from './embedded/read-chaincode-sources.js';
export { defaultSettings, type EmbeddedSettings } from './embedded/settings.js';
export type { Member, Transport } from './embedded/transport.js';
export {
  chainMigrations,
  openEmbeddedLedger,
  type EmbeddedLedger,
  type EmbeddedLedgerOptions,
} from './embedded.driver.js';
