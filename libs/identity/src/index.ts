export { clientCredentials, obtainToken, signIn, type TokenRequest } from './obtain-token.js';
export { createOidcVerifier } from './oidc.driver.js';
export { reachProvider } from './published-keys.js';
export { requireRole, type Principal, type TokenVerifier } from './principal.js';
export type { VerifierOptions } from './verifier-options.js';
