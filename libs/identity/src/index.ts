export { clientCredentials, obtainToken, type TokenRequest } from './obtain-token.js';
export { createOidcVerifier, type OidcVerifierOptions } from './oidc.driver.js';
export { requireRole, type Principal, type TokenVerifier } from './principal.js';
