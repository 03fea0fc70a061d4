/** What of the client runs in a browser, without a server and without node: seal, open, sign, approve, verify. */
export * from '@medshare/crypto/portable';
export * from './staff-key.js';
export * from './verify-audit.js';
