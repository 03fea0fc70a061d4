import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { systemClock as clock } from '@medshare/clock';
import { createKeycloakVerifier } from './keycloak.driver.js';
import { createOidcVerifier } from './oidc.driver.js';

const issuer = 'https://sso.example/realms/harbor';
const unauthenticated = { code: 'auth.unauthenticated', status: 401 };

/** Tokens that no honest provider gives: signed with the right key, wrong in one thing. */
describe.each([
  { driver: 'OpenID Connect', createVerifier: createOidcVerifier },
  { driver: 'Keycloak', createVerifier: createKeycloakVerifier },
])('the verifier of $driver', ({ driver, createVerifier }) => {
  let server: Server;
  let answer: { status: number; body: string };
  let right: CryptoKeyPair, elliptic: CryptoKeyPair, stranger: CryptoKeyPair;
  let asked = 0;
  let jwksUri = '';

  beforeAll(async () => {
    right = await generateKeyPair('RS256', { extractable: true });
    elliptic = await generateKeyPair('ES256', { extractable: true });
    stranger = await generateKeyPair('RS256');
    const keys = [
      { ...(await exportJWK(right.publicKey)), kid: 'r', alg: 'RS256' },
      { ...(await exportJWK(elliptic.publicKey)), kid: 'e', alg: 'ES256' },
      { ...(await exportJWK(right.publicKey)), kid: 'p' },
    ];
    answer = { status: 200, body: JSON.stringify({ keys }) };
    server = createServer((_, res) => {
      asked += 1;
      res.writeHead(answer.status, { location: '/elsewhere' }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const sign = (claims: JWTPayload = {}, { alg = 'RS256', kid = 'r', key = right.privateKey } = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const good = {
      iss: issuer,
      aud: 'medshare',
      sub: 's',
      azp: 'c',
      typ: 'Bearer',
      preferred_username: 'mei',
      iat: now,
      exp: now + 300,
    };
    return new SignJWT({ ...good, realm_access: { roles: ['clinician'] }, ...claims })
      .setProtectedHeader({ alg, kid })
      .sign(key);
  };
  const verifier = (cooldownMs?: number) =>
    createVerifier({
      issuer,
      institution: 'harbor',
      jwksUri,
      clock,
      ...(cooldownMs !== undefined && { cooldownMs }),
    });

  it('takes RS256, and ES256 where the driver can', async () => {
    const it = verifier();
    const principal = { subject: 's', username: 'mei', institution: 'harbor', roles: ['clinician'], clientId: 'c' };
    await expect(it.verify(await sign())).resolves.toMatchObject(principal);
    await expect(it.verify(await sign({ aud: ['account', 'medshare'] }))).resolves.toMatchObject(principal);
    const withEs256 = it.verify(await sign({}, { alg: 'ES256', kid: 'e', key: elliptic.privateKey }));
    if (driver === 'Keycloak')
      await expect(withEs256).rejects.toMatchObject({ ...unauthenticated, detail: 'the algorithm is not allowed' });
    else await expect(withEs256).resolves.toMatchObject(principal);
    await expect(it.verify(await sign({ realm_access: undefined }))).resolves.toMatchObject({ roles: [] });
  });

  it.each<[string, JWTPayload]>([
    ['an ID token', { typ: 'ID' }],
    ['a refresh token', { typ: 'Refresh' }],
    ['no type', { typ: undefined }],
    ['another audience', { aud: ['account'] }],
    ['no audience', { aud: undefined }],
    ['another issuer', { iss: 'https://sso.example/realms/lakeside' }],
    ['no expiry', { exp: undefined }],
    ['no time of issue', { iat: undefined }],
    ['no subject', { sub: undefined }],
    ['no client', { azp: undefined }],
    ['roles that are no list', { realm_access: { roles: 'admin' } }],
    ['a role that is no text', { realm_access: { roles: [['admin']] } }],
    ['a later beginning', { nbf: Math.floor(Date.now() / 1000) + 60 }],
  ])('refuses %s', async (_, claims) => {
    await expect(verifier().verify(await sign(claims))).rejects.toMatchObject(unauthenticated);
  });

  it('refuses another key, another algorithm and an unknown key id', async () => {
    for (const how of [{ key: stranger.privateKey }, { kid: 'x' }])
      await expect(verifier().verify(await sign({}, how))).rejects.toMatchObject(unauthenticated);
    const { privateKey } = await generateKeyPair('PS256');
    await expect(verifier().verify(await sign({}, { alg: 'PS256', kid: 'p', key: privateKey }))).rejects.toMatchObject(
      unauthenticated,
    );
  });

  it.each(['no JSON', '[]', '"text"', ''])(
    'refuses claims that are none, under a known and an unknown key: %j',
    async (claims) => {
      for (const kid of ['r', 'x']) {
        const parts = [JSON.stringify({ alg: 'RS256', kid }), claims, 'signature'];
        const token = parts.map((part) => Buffer.from(part).toString('base64url')).join('.');
        await expect(verifier().verify(token)).rejects.toMatchObject(unauthenticated);
      }
    },
  );

  it('never says what the token said', async () => {
    const failure = await verifier()
      .verify(await sign({ typ: 'Mei Lin' }))
      .catch(String);
    expect(failure).toBe('Problem: auth.unauthenticated: the claim typ is not that of an access token');
  });

  it('does not ask for keys again at every unknown key id', async () => {
    const it = verifier();
    await it.verify(await sign());
    const before = asked;
    for (let i = 0; i < 20; i += 1) await it.verify(await sign({}, { kid: `x${i}` })).catch(() => undefined);
    expect(asked).toBe(before);
  });

  it('names the setting when the provider is not there', async () => {
    const token = await sign();
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const nobody = `http://127.0.0.1:${port}/certs`;
    const own = createVerifier({ issuer, institution: 'harbor', jwksUri: nobody, clock });
    await expect(own.verify(token)).rejects.toMatchObject({
      code: 'peer.unavailable',
      detail: 'no signing keys: identity.issuer does not give them (ECONNREFUSED)',
    });
  });

  it.each([
    { status: 500, body: '' },
    { status: 302, body: '' },
    { status: 200, body: 'x'.repeat(300_000) },
    { status: 200, body: '<html>' },
    { status: 200, body: '{"keys":1}' },
  ])('cannot tell without keys: $status', async (broken) => {
    const whole = answer;
    answer = broken;
    await expect(verifier().verify(await sign())).rejects.toMatchObject({
      code: 'peer.unavailable',
      where: 'identity',
    });
    answer = whole;
  });
});
