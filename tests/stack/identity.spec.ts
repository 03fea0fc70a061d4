import 'reflect-metadata';
import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import { applyAndVerify, applyRealm } from '@medshare/app/realm/apply-realm';
import { sessionContract } from '@medshare/app/run/session.contract';
import { systemClock as clock } from '@medshare/clock';
import { clientCredentials, createOidcVerifier, obtainToken, signIn, type VerifierOptions } from '@medshare/identity';
import { boundedFetch } from '@medshare/identity/bounded-fetch';
import { identityContract } from '@medshare/identity/identity.port.contract';
import { createKeycloakVerifier } from '@medshare/identity/keycloak.driver';
import { Roles, TOKEN_VERIFIER, TokenGuard } from '@medshare/identity/nest';
import { ProblemFilter } from '@medshare/peers/nest';
import { eventually } from '@medshare/testkit';
import { makeRealm, type TryRealm } from './keycloak-realms.js';
import { defaultCache } from './places.js';
import { describedStack, stateFolder } from './running-stack.js';
import { keycloak } from './servers/keycloak.js';
import { openStack } from './stack.js';
import { Supervisor } from './supervise.js';

/** Of Keycloak on a busy machine, ms. */
const patience = 300_000;

const signingIn = (realm: TryRealm) => ({ issuer: realm.issuer, authorities: realm.authorities, ...realm.person });
const asFeed = ({ issuer, authorities, feed }: TryRealm) => clientCredentials({ issuer, authorities, ...feed });
const verifierOf = (realm: TryRealm, overrides: Partial<VerifierOptions> = {}) => {
  const { issuer, authorities } = realm;
  return createKeycloakVerifier({ issuer, authorities, institution: 'harbor', clock, ...overrides });
};

// the suite of the embedded provider, with either driver
for (const [name, createVerifier] of Object.entries({ keycloak: createKeycloakVerifier, oidc: createOidcVerifier }))
  identityContract(`Keycloak, read by the driver ${name},`, async () => {
    const [realm, foreign] = [await makeRealm(), await makeRealm()];
    const { issuer, authorities, person } = realm;
    return {
      issuer,
      institution: 'harbor',
      person,
      service: { clientId: 'feed', roles: ['feed'] },
      personToken: () => obtainToken(signingIn(realm)),
      idToken: async () => (await signIn(signingIn(realm))).id ?? '',
      serviceToken: () => asFeed(realm),
      foreignToken: () => obtainToken(signingIn(foreign)),
      verifier: (overrides) => createVerifier({ issuer, authorities, institution: 'harbor', clock, ...overrides }),
      get: async (url) => (await boundedFetch(url, { authorities, timeoutMs: 10_000 })).json(),
      rotate: () => realm.rotate(),
      withdraw: () => realm.withdraw(),
      close: async () => {
        await realm.remove();
        await foreign.remove();
      },
    };
  });

sessionContract('Keycloak', async (publicUrl) => {
  const realm = await makeRealm(publicUrl);
  const { issuer, authorities, person } = realm;
  const { username, password } = person;
  return {
    issuer,
    authorities,
    person: { username, password },
    verifier: verifierOf(realm),
    close: () => realm.remove(),
  };
});

@Controller('wards')
@UseGuards(TokenGuard)
class Wards {
  @Get()
  @Roles('clinician')
  read() {
    return { read: true };
  }
  @Get('log')
  @Roles('regulator')
  log() {
    return {};
  }
}

describe('what a route answers to Keycloak’s tokens', () => {
  let realm: TryRealm;
  let other: TryRealm;
  let app: INestApplication;
  let base: string;
  beforeAll(async () => {
    [realm, other] = [await makeRealm(), await makeRealm()];
    const provider = { provide: TOKEN_VERIFIER, useValue: verifierOf(realm) };
    @Module({ controllers: [Wards], providers: [provider] })
    class Hospital {}
    app = await NestFactory.create(Hospital, { logger: false });
    app.useGlobalFilters(new ProblemFilter());
    await app.listen(0, '127.0.0.1');
    base = await app.getUrl();
  }, patience);
  afterAll(async () => {
    await app?.close();
    await realm?.remove();
    await other?.remove();
  });
  const get = async (path: string, token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${base}${path}`, { headers });
    const { code, detail } = (await answer.json()) as { code?: string; detail?: string };
    return [answer.status, code, detail];
  };
  const refused = (why: string) => [401, 'auth.unauthenticated', why];

  it('lets in who has the role, 403 to who has not, 401 to who brings nothing', async () => {
    const token = await obtainToken(signingIn(realm));
    expect(await get('/wards', token)).toEqual([200, undefined, undefined]);
    expect(await get('/wards/log', token)).toEqual([403, 'auth.forbidden', 'needs a role of: regulator']);
    expect(await get('/wards', await asFeed(realm))).toEqual([403, 'auth.forbidden', 'needs a role of: clinician']);
    expect(await get('/wards')).toEqual(refused('a bearer token is needed'));
  });

  it('sends the command line’s sign-ins back to any port of the loopback interface, and to no other path or host', async () => {
    const at = (redirectUri: string) => signIn({ ...signingIn(realm), redirectUri });
    expect((await at('http://127.0.0.1:54321/medshare-cli')).access).toMatch(/^ey/);
    for (const elsewhere of ['http://127.0.0.1:54321/other', 'http://192.0.2.1:54321/medshare-cli'])
      await expect(at(elsewhere)).rejects.toMatchObject({ code: 'auth.unauthenticated' });
  });

  it('names the setting where Keycloak’s certificate is not believed', async () => {
    const token = await obtainToken(signingIn(realm));
    await expect(verifierOf(realm, { authorities: undefined }).verify(token)).rejects.toMatchObject({
      code: 'peer.unavailable',
      detail: expect.stringContaining('identity.authorities does not vouch for the provider’s certificate') as string,
    });
  });

  it('names why it refuses: another realm, no audience, no signature, the public key as a secret', async () => {
    expect(await get('/wards', await obtainToken(signingIn(other)))).toEqual(refused('the claim iss does not fit'));
    const { issuer, authorities, stranger } = realm;
    const foreign = await clientCredentials({ issuer, authorities, ...stranger });
    expect(await get('/wards', foreign)).toEqual(refused('the claim aud does not fit'));
    const claims = decodeJwt(await obtainToken(signingIn(realm)));
    const unsigned = new UnsecuredJWT(claims).encode();
    expect(await get('/wards', unsigned)).toEqual(refused('the algorithm is not allowed'));
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
    const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret);
    expect(await get('/wards', confused)).toEqual(refused('the algorithm is not allowed'));
  });
});

describe('the realm at Keycloak', () => {
  let realm: TryRealm;
  beforeAll(async () => {
    realm = await makeRealm();
  }, patience);
  afterAll(() => realm?.remove());
  const base = () => `/${realm.realm.realm}`;
  const wrong = (path: string) => realm.admin.read(`${base()}${path}`);

  it('is as it should be after it was applied, and applying again changes nothing', async () => {
    expect(await applyRealm(realm.admin, realm.realm, { dry: false })).toEqual([]);
    // also after somebody saved a client in the console as it is, which Keycloak adds something to
    const feed = (await realm.admin.list(`${base()}/clients?clientId=feed`))[0]!;
    await realm.admin.write('PUT', `${base()}/clients/${feed.id}`, feed);
    expect(await applyRealm(realm.admin, realm.realm, { dry: true })).toEqual([]);
  });

  it('is mended where somebody loosened it, and each place is told; a dry run changes nothing', async () => {
    const { admin } = realm;
    await admin.write('PUT', base(), { bruteForceProtected: false, accessTokenLifespan: 3600 });
    const cli = (await admin.list(`${base()}/clients?clientId=medshare-cli`))[0]!;
    const loosened = { ...cli, redirectUris: ['*'], directAccessGrantsEnabled: true, fullScopeAllowed: true };
    await admin.write('PUT', `${base()}/clients/${cli.id}`, loosened);
    const feed = (await admin.list(`${base()}/clients?clientId=feed`))[0]!;
    const regulator = (await admin.list(`${base()}/roles`)).filter(({ name }) => name === 'regulator');
    await admin.write('POST', `${base()}/clients/${feed.id}/scope-mappings/realm`, regulator);
    const found = await applyRealm(admin, realm.realm, { dry: true });
    expect(found.map(({ where }) => where).sort()).toEqual([
      'clients.feed.roles.regulator',
      'clients.medshare-cli.directAccessGrantsEnabled',
      'clients.medshare-cli.fullScopeAllowed',
      'clients.medshare-cli.redirectUris',
      'settings.accessTokenLifespan',
      'settings.bruteForceProtected',
    ]);
    expect(await wrong('')).toMatchObject({ bruteForceProtected: false });
    expect(await applyAndVerify(admin, realm.realm)).toEqual(found);
    expect(await wrong('')).toMatchObject({ bruteForceProtected: true, accessTokenLifespan: 300 });
    // what is not medshare's stays, the service account's secret among it
    expect(await asFeed(realm)).toMatch(/^ey/);
    expect(await admin.list(`${base()}/clients?clientId=stranger`)).toHaveLength(1);
  });

  it('locks a name after wrong passwords, and takes no password from a client', async () => {
    const { issuer, authorities, person } = realm;
    const { username, password } = person;
    const direct = await boundedFetch(`${issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      authorities,
      timeoutMs: 10_000,
      body: new URLSearchParams({ grant_type: 'password', client_id: 'medshare-cli', username, password }),
    });
    expect([direct.status, await direct.json()]).toMatchObject([400, { error: 'unauthorized_client' }]);
    const guess = () => signIn({ ...signingIn(realm), password: 'not the password' });
    for (let i = 0; i < 6; i += 1) await expect(guess()).rejects.toMatchObject({ code: 'auth.unauthenticated' });
    await expect(signIn(signingIn(realm))).rejects.toMatchObject({ code: 'auth.unauthenticated' });
  });

  it('gives no code without PKCE', async () => {
    const query = new URLSearchParams({
      client_id: 'medshare-cli',
      redirect_uri: 'http://127.0.0.1/medshare-cli',
      response_type: 'code',
      scope: 'openid',
    });
    const url = `${realm.issuer}/protocol/openid-connect/auth?${query.toString()}`;
    const { headers } = await boundedFetch(url, { authorities: realm.authorities, timeoutMs: 10_000 });
    expect(new URL(headers.get('location') ?? 'x:').searchParams.get('error')).toBe('invalid_request');
  });
});

describe('while Keycloak is killed and back', () => {
  let realm: TryRealm;
  beforeAll(async () => {
    realm = await makeRealm();
  }, patience);
  afterAll(() => realm?.remove());

  it('known keys serve for their age, nobody else is let in, and afterwards all is as before', async () => {
    const { basePort } = await describedStack();
    const stack = openStack({ state: stateFolder(), cache: defaultCache(process.env), basePort });
    const supervisor = new Supervisor(stateFolder());
    const server = keycloak(stack);
    const token = await obtainToken(signingIn(realm));
    const claims = { ...decodeJwt(token), realm_access: { roles: ['admin'] } };
    const { privateKey } = await generateKeyPair('RS256');
    const forged = await new SignJWT(claims)
      .setProtectedHeader(decodeProtectedHeader(token) as { alg: 'RS256' })
      .sign(privateKey);
    const unknown = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'unknown' }).sign(privateKey);
    const [kept, short] = [verifierOf(realm, { cooldownMs: 0 }), verifierOf(realm, { keyMaxAgeMs: 1000 })];
    await Promise.all([kept.verify(token), short.verify(token)]);

    process.kill((await supervisor.pidOf('keycloak')) ?? 0, 'SIGKILL');
    await eventually(async () => (await supervisor.pidOf('keycloak')) === undefined, { timeout: 20_000 });
    const away = { code: 'peer.unavailable', status: 503, where: 'identity' };
    await expect(kept.verify(token)).resolves.toMatchObject({ username: 'mei' });
    await expect(kept.verify(forged)).rejects.toMatchObject({ code: 'auth.unauthenticated' });
    await expect(kept.verify(unknown)).rejects.toMatchObject(away);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    for (const text of [token, forged, unknown]) {
      await expect(short.verify(text)).rejects.toMatchObject(away);
      await expect(verifierOf(realm).verify(text)).rejects.toMatchObject(away);
    }
    await expect(obtainToken(signingIn(realm))).rejects.toMatchObject({ code: 'peer.unavailable' });

    const before = Date.now();
    await supervisor.start(server);
    await expect(
      eventually(async () => short.verify(await obtainToken(signingIn(realm))), { timeout: 60_000 }),
    ).resolves.toMatchObject({ username: 'mei' });
    process.stdout.write(`Keycloak serves again ${Date.now() - before} ms after its start\n`);
    for (const verifier of [kept, short, verifierOf(realm)]) {
      await expect(verifier.verify(token)).resolves.toMatchObject({ username: 'mei' });
      for (const text of [forged, unknown])
        await expect(verifier.verify(text)).rejects.toMatchObject({ code: 'auth.unauthenticated' });
    }
  }, 300_000);
});
