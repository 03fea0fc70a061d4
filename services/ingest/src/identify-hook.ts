import { createHash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '@medshare/identity';
import { readSecretFile } from '@medshare/keys/secret-file';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Feed } from './ingest.config.js';

/** For how long a file's content is believed, ms: a new token is taken without a restart. */
const freshFor = 10_000;
/** Characters of a token at least. */
const shortest = 32;

/**
 * Knows feeds by the tokens of their files. A FHIR Subscription carries one header for as long as it lives, so its token cannot be one of
 * the identity provider's, which live for minutes. Such a token opens the webhooks of its feed and nothing else.
 */
export class IdentifyHook {
  private readonly known = new Map<string, { readonly digest: Buffer; readonly until: number }>();

  constructor(
    private readonly parts: Pick<RoleContext, 'clock' | 'institution' | 'logger'>,
    private readonly feeds: readonly Feed[],
  ) {}

  /** @returns undefined for a token that is no feed's */
  async principalOf(token: string): Promise<Principal | undefined> {
    const given = digestOf(token);
    let found: Feed | undefined;
    // all are compared, equal or not: the time tells nothing of which it is
    for (const feed of this.feeds) {
      const digest = await this.digestOf(feed);
      if (digest && timingSafeEqual(digest, given)) found = feed;
    }
    if (!found) return undefined;
    return {
      subject: `webhook/${found.name}`,
      username: found.name,
      institution: this.parts.institution,
      roles: ['feed'],
      clientId: found.name,
      expiresAt: this.parts.clock.now() + freshFor,
    };
  }

  private async digestOf({ name, webhook }: Feed): Promise<Buffer | undefined> {
    const path = webhook?.tokenFile;
    if (path === undefined) return undefined;
    const now = this.parts.clock.now();
    const known = this.known.get(path);
    if (known && known.until > now) return known.digest;
    try {
      const digest = digestOf(await readToken(path));
      this.known.set(path, { digest, until: now + freshFor });
      return digest;
    } catch (caught) {
      this.parts.logger.warn(
        { feed: name, err: caught },
        'the token of a webhook cannot be read: nobody gets in by it',
      );
      return undefined;
    }
  }
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** @throws Problem config.invalid */
async function readToken(path: string): Promise<string> {
  const token = (await readSecretFile(path)).toString('utf8').trim();
  if (token.length >= shortest && /^[A-Za-z0-9._~+/=-]+$/.test(token)) return token;
  throw problem('config.invalid', { where: path, detail: `a token has ${shortest} characters of RFC 6750 or more` });
}
