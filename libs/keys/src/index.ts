export type { KeyEncryption } from './keys.port.js';
