import {
  decodeJwt,
  decodeProtectedHeader,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  UnsecuredJWT,
  type JWK,
} from 'jose';
import type { Clock } from '@medshare/clock';
import { requireRole, type TokenVerifier } from './principal.js';
import type { VerifierOptions } from './verifier-options.js';

/** A running provider with one person and one service account, and verifiers of its tokens. */
export interface IdentityHarness {
  readonly issuer: string;
  readonly institution: string;
  readonly person: { readonly username: string; readonly roles: readonly string[] };
  /** A fresh access token of the person. */
  personToken(): Promise<string>;
  /** Another kind of token of the same person: an ID token. */
  idToken(): Promise<string>;
  serviceToken(): Promise<string>;
  readonly service: { readonly clientId: string; readonly roles: readonly string[] };
  /** A token of another realm, the same in everything else. */
  foreignToken(): Promise<string>;
  verifier(overrides?: Partial<VerifierOptions>): TokenVerifier;
  /** GET with what the provider's certificate needs. */
  get(url: string): Promise<unknown>;
  /** From now on the provider signs with another key, and publishes the former one, too. */
  rotate(): Promise<void>;
  /** From now on the provider publishes its present key only. */
  withdraw(): Promise<void>;
  close(): Promise<void>;
}

const minute = 60_000;
/** Of a provider on a busy machine. */
const patience = 5 * minute;
const clockAt = (offset: number): Clock => ({ now: () => Date.now() + offset });
const unauthenticated = (detail?: string) => ({
  code: 'auth.unauthenticated',
  status: 401,
  ...(detail !== undefined && { detail }),
});

/** What medshare needs of any identity provider. */
export function identityContract(name: string, start: () => Promise<IdentityHarness>): void {
  describe(`${name} as identity provider`, () => {
    let harness: IdentityHarness;
    let token: string;
    let verifier: TokenVerifier;
    const published = async () =>
      ((await harness.get(`${harness.issuer}/protocol/openid-connect/certs`)) as { keys: JWK[] }).keys;
    beforeAll(async () => {
      harness = await start();
      token = await harness.personToken();
      verifier = harness.verifier();
    }, patience);
    afterAll(() => harness?.close(), patience);

    it('vouches for a person', async () => {
      const principal = await verifier.verify(token);
      expect(principal).toMatchObject({ username: harness.person.username, institution: harness.institution });
      expect(principal.roles).toEqual(expect.arrayContaining([...harness.person.roles]));
      expect(principal.expiresAt).toBeGreaterThan(Date.now());
      expect(principal.expiresAt).toBeLessThanOrEqual(Date.now() + 5 * minute + 1000);
      expect((await verifier.verify(await harness.personToken())).subject).toBe(principal.subject);
    });

    it('vouches for a service account', async () => {
      const principal = await verifier.verify(await harness.serviceToken());
      expect(principal).toMatchObject({ clientId: harness.service.clientId });
      expect(principal.roles).toEqual(expect.arrayContaining([...harness.service.roles]));
    });

    it('forbids, rather than not knowing, who lacks a role', async () => {
      const principal = await verifier.verify(token);
      requireRole(principal, [harness.person.roles[0]!, 'nobody']);
      expect(() => requireRole(principal, ['nobody'])).toThrow(
        expect.objectContaining({ code: 'auth.forbidden', status: 403 }),
      );
    });

    it.each<[string, Partial<VerifierOptions>, string]>([
      ['another audience', { audience: 'another' }, 'the claim aud does not fit'],
      ['an expired token', { clock: clockAt(5 * minute + 10_000) }, 'the token has expired'],
      ['a token of the future', { clock: clockAt(-minute) }, 'the token is of the future'],
    ])('is not believed for %s, and it is said why', async (_, overrides, why) => {
      await expect(harness.verifier(overrides).verify(token)).rejects.toMatchObject(unauthenticated(why));
    });

    it('is believed with a clock a few seconds off', async () => {
      const { expiresAt } = await verifier.verify(token);
      const at = (now: number) => harness.verifier({ clock: { now: () => now } }).verify(token);
      await expect(at(expiresAt + 3000)).resolves.toBeDefined();
      await expect(at(expiresAt + 6000)).rejects.toMatchObject(unauthenticated('the token has expired'));
    });

    it('is not believed for another issuer, nor is another realm', async () => {
      const why = unauthenticated('the claim iss does not fit');
      const jwksUri = `${harness.issuer}/protocol/openid-connect/certs`;
      const other = harness.verifier({ issuer: `${harness.issuer}-other`, jwksUri });
      await expect(other.verify(token)).rejects.toMatchObject(why);
      await expect(verifier.verify(await harness.foreignToken())).rejects.toMatchObject(why);
    });

    it('is not believed for an unsigned token, nor one signed with its public key as a secret', async () => {
      const why = unauthenticated('the algorithm is not allowed');
      const payload = decodeJwt(token);
      await expect(verifier.verify(new UnsecuredJWT(payload).encode())).rejects.toMatchObject(why);
      const { kid } = decodeProtectedHeader(token);
      const jwk = (await published()).find((key) => key.kid === kid)!;
      const pem = await exportSPKI((await importJWK(jwk, 'RS256', { extractable: true })) as CryptoKey);
      const confused = new SignJWT(payload)
        .setProtectedHeader({ alg: 'HS256', kid })
        .sign(new TextEncoder().encode(pem));
      await expect(verifier.verify(await confused)).rejects.toMatchObject(why);
    });

    it('is not believed for changed claims, another signer, other kinds of token, or no token', async () => {
      const [head, , signature] = token.split('.');
      const claims = { ...decodeJwt(token), realm_access: { roles: ['admin'] } };
      const changed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
      const stranger = await generateKeyPair('RS256');
      const signed = (kid?: string) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(stranger.privateKey);
      await expect(verifier.verify(changed)).rejects.toMatchObject(unauthenticated('the signature does not fit'));
      const { kid } = decodeProtectedHeader(token);
      await expect(verifier.verify(await signed(kid))).rejects.toMatchObject(
        unauthenticated('the signature does not fit'),
      );
      await expect(verifier.verify(await signed('another'))).rejects.toMatchObject(
        unauthenticated('the key is not one that the provider publishes'),
      );
      for (const wrong of [await harness.idToken(), await signed(), '', 'x', 'a.b.c', 'x'.repeat(20_000)])
        await expect(verifier.verify(wrong)).rejects.toMatchObject(unauthenticated());
    });

    it('publishes no private key', async () => {
      const keys = await published();
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) expect(Object.keys(key)).toEqual(expect.not.arrayContaining(['d', 'p', 'q']));
    });

    it('is followed to a new key, while tokens of the old one still count', async () => {
      const following = harness.verifier({ cooldownMs: 0 });
      await following.verify(token);
      await harness.rotate();
      const next = await harness.personToken();
      expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(token).kid);
      await expect(following.verify(next)).resolves.toMatchObject({ username: harness.person.username });
      await expect(following.verify(token)).resolves.toMatchObject({ username: harness.person.username });
    });

    it('is followed when a key is withdrawn: within the age of the keys its tokens count no longer', async () => {
      const keyMaxAgeMs = 1000;
      const following = harness.verifier({ keyMaxAgeMs, cooldownMs: 0 });
      await following.verify(token);
      await harness.withdraw();
      await new Promise((resolve) => setTimeout(resolve, keyMaxAgeMs + 100));
      await expect(following.verify(token)).rejects.toMatchObject(
        unauthenticated('the key is not one that the provider publishes'),
      );
      await expect(following.verify(await harness.personToken())).resolves.toBeDefined();
    });
  });
}
