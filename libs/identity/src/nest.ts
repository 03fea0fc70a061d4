export { principalOf, Roles, rolesFor, TOKEN_VERIFIER, TokenGuard, User } from './token-guard.js';
