export { principalOf, Roles, TOKEN_VERIFIER, TokenGuard, User } from './token-guard.js';
