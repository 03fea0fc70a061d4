/** The parts of keycloak-connect that are used; its own types leave them out. */
declare module 'keycloak-connect/middleware/auth-utils/token.js' {
  import type { JWTPayload } from 'jose';

  class Token {
    constructor(token: string, clientId?: string);
    /** undefined for what cannot be read */
    header?: unknown;
    content: JWTPayload;
    isExpired(): boolean;
  }
  export = Token;
}

declare module 'keycloak-connect/middleware/auth-utils/grant-manager.js' {
  import type { KeyObject } from 'node:crypto';
  import type Token from 'keycloak-connect/middleware/auth-utils/token.js';

  interface Settings {
    realmUrl: string;
    clientId: string;
    bearerOnly: boolean;
    verifyTokenAudience: boolean;
  }
  class GrantManager {
    constructor(settings: Settings);
    rotation: { getJWK(kid: string): Promise<KeyObject> };
    /** Rejects with an Error whose message says why. */
    validateToken(token: Token, expectedType: 'Bearer' | 'ID'): Promise<Token>;
  }
  export = GrantManager;
}
