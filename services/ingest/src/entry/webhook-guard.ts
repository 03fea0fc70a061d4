import { Inject, Injectable } from '@nestjs/common';
import type { TokenVerifier } from '@medshare/identity';
import { TOKEN_VERIFIER, TokenGuard } from '@medshare/identity/nest';
import type { Ingest } from '../assemble-ingest.js';
import { INGEST } from '../ingest.tokens.js';

/** Lets in feeds: by the token of their own file, or by one of the identity provider. */
@Injectable()
export class WebhookGuard extends TokenGuard {
  constructor(@Inject(TOKEN_VERIFIER) verifier: TokenVerifier, @Inject(INGEST) ingest: Ingest) {
    super({
      verify: async (token) => (await ingest.identifyHook.principalOf(token)) ?? verifier.verify(token),
    });
  }
}
