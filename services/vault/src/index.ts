export type { VaultSettings } from './assemble-vault.js';
export { VaultModule } from './vault.module.js';
export { checkVault } from './check-vault.js';
