import { jest } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { systemClock as clock, systemRandom as random, type Clock } from '@medshare/clock';
import { createEmbeddedProvider, type EmbeddedProvider, type Login } from './embedded-oidc.driver.js';
import { identityContract, type IdentityHarness } from './identity.port.contract.js';
import { clientCredentials, obtainToken } from './obtain-token.js';
import { createKeycloakVerifier } from './keycloak.driver.js';
import { createOidcVerifier } from './oidc.driver.js';
import { rotateSigningKeys } from './signing-keys.js';

const mei = { username: 'mei', password: 'correct horse battery', roles: ['clinician', 'attending'] };
const feed = { clientId: 'feed-lab', secret: 'a long secret of a feed', roles: ['feed'] };
const console_ = { clientId: 'console', redirectUris: ['http://localhost:3000/cb'] };

/** A provider on a real socket that can be started again on the same folder and port. */
class Site {
  provider!: EmbeddedProvider;
  folder = '';
  institution = 'harbor';
  now = () => Date.now();
  onLogin: (login: Login) => Promise<void> = () => Promise.resolve();
  #server!: Server;

  async open(port = 0): Promise<this> {
    this.folder ||= await mkdtemp(join(tmpdir(), 'oidc-'));
    const app = express();
    this.#server = createServer(app);
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const own: Clock = { now: () => this.now() };
    const options = {
      baseUrl,
      institution: this.institution,
      folder: this.folder,
      clients: [console_],
      serviceAccounts: [feed],
      onLogin: (login: Login) => this.onLogin(login),
    };
    this.provider = await createEmbeddedProvider({ ...options, clock: own, random });
    this.provider.mount(app);
    app.use(express.json());
    if (!this.provider.users.has('mei')) await this.provider.users.put(mei);
    return this;
  }
  get issuer() {
    return this.provider.issuer;
  }
  async stop(): Promise<number> {
    const { port } = this.#server.address() as AddressInfo;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    return port;
  }
  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true });
  }
}

const token = (site: Site, overrides = {}) => obtainToken({ issuer: site.issuer, ...mei, ...overrides });

/** Each driver, since the provider has Keycloak's token shape. */
const drivers = {
  'the embedded provider': createOidcVerifier,
  'the embedded provider, read by the driver of Keycloak,': createKeycloakVerifier,
};
for (const [name, createVerifier] of Object.entries(drivers))
  identityContract(name, async (): Promise<IdentityHarness> => {
    const site = await new Site().open();
    const stranger = new Site();
    stranger.institution = 'lakeside';
    const keys = () => join(site.folder, 'signing-keys.json');
    const again = async (): Promise<void> => {
      await rotateSigningKeys(keys());
      await site.open(await site.stop());
    };
    return {
      issuer: site.issuer,
      institution: 'harbor',
      person: mei,
      service: feed,
      personToken: () => token(site),
      idToken: async () => (await codeFlow(site)).id_token!,
      serviceToken: () => clientCredentials({ issuer: site.issuer, ...feed }),
      foreignToken: async () => token(await stranger.open()).finally(() => stranger.close()),
      verifier: (overrides) => createVerifier({ issuer: site.issuer, institution: 'harbor', clock, ...overrides }),
      get: async (url) => (await fetch(url)).json(),
      rotate: again,
      withdraw: again,
      close: () => site.close(),
    };
  });

type Answer = { id_token?: string; access_token?: string; refresh_token?: string; error?: string };

/** The flow by hand, so that each step can be got wrong. */
async function codeFlow(
  site: Site,
  wrong: { verifier?: string; redirect?: string; twice?: boolean; pkce?: false } = {},
): Promise<Answer> {
  const verifier = randomBytes(32).toString('base64url');
  const cookies = new Map<string, string>();
  const go = async (url: string, init: RequestInit = {}) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(new URL(url, site.issuer), { redirect: 'manual', ...init, headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      cookies.set(name!, value!);
    }
    return response;
  };
  const redirect_uri = wrong.redirect ?? console_.redirectUris[0]!;
  const challenge = {
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  const query = new URLSearchParams({
    client_id: 'console',
    redirect_uri,
    response_type: 'code',
    scope: 'openid',
    ...(wrong.pkce !== false && challenge),
  });
  const first = await go(`${site.issuer}/protocol/openid-connect/auth?${query.toString()}`);
  const login = first.headers.get('location');
  if (login === null) return { error: `${first.status} ${await first.text()}` };
  if (!login.includes('/interaction/')) return { error: new URL(login).searchParams.get('error')! };
  const posted = await go(login, {
    method: 'POST',
    body: new URLSearchParams({ username: mei.username, password: mei.password }),
  });
  const done = await go(posted.headers.get('location')!);
  const code = new URL(done.headers.get('location')!).searchParams.get('code')!;
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: 'console',
    code,
    redirect_uri,
    code_verifier: wrong.verifier ?? verifier,
  });
  const exchange = async () =>
    (await (await fetch(`${site.issuer}/protocol/openid-connect/token`, { method: 'POST', body })).json()) as Answer;
  const answer = await exchange();
  return wrong.twice ? exchange() : answer;
}

describe('what it tells of sign-ins', () => {
  const site = new Site();
  const told: Login[] = [];
  beforeAll(() => site.open());
  afterAll(() => site.close());
  beforeEach(() => {
    told.splice(0);
    site.onLogin = (login) => Promise.resolve(void told.push(login));
  });

  it('tells each one, and never what was typed as a name that nobody has', async () => {
    await token(site);
    await expect(token(site, { password: 'wrong' })).rejects.toThrow();
    await expect(token(site, { username: 'my secret passphrase' })).rejects.toThrow();
    expect(told).toEqual([
      { username: 'mei', outcome: 'succeeded' },
      { username: 'mei', outcome: 'wrong' },
      { outcome: 'wrong' },
    ]);
  });

  it('tells that a name is locked', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) await expect(token(site, { password: 'wrong' })).rejects.toThrow();
    await expect(token(site)).rejects.toThrow();
    expect(told.at(-1)).toEqual({ username: 'mei', outcome: 'locked' });
    site.now = () => Date.now() + 10 * 60_000;
    await token(site);
    site.now = () => Date.now();
  });

  it('signs nobody in whom it cannot tell of; a refusal stays one', async () => {
    site.onLogin = () => Promise.reject(new Error('no disk'));
    await expect(token(site)).rejects.toThrow();
    await expect(token(site, { password: 'wrong' })).rejects.toThrow();
    site.onLogin = () => Promise.resolve();
    expect(await token(site)).toMatch(/^ey/);
  });
});

describe('the embedded provider', () => {
  const site = new Site();
  beforeAll(() => site.open());
  afterAll(() => site.close());
  afterEach(() => {
    site.now = () => Date.now();
  });

  it('gives tokens for the code, once, to who asked for it, at the registered place', async () => {
    expect(await codeFlow(site)).toMatchObject({
      access_token: expect.any(String) as string,
      refresh_token: expect.any(String) as string,
    });
    expect(await codeFlow(site, { verifier: 'x'.repeat(43) })).toEqual(
      expect.objectContaining({ error: 'invalid_grant' }),
    );
    expect(await codeFlow(site, { twice: true })).toEqual(expect.objectContaining({ error: 'invalid_grant' }));
    expect(await codeFlow(site, { pkce: false })).toEqual({ error: 'invalid_request' });
    expect((await codeFlow(site, { redirect: 'http://localhost:3000/other' })).error).toMatch(/^400/);
  });

  it('refuses a wrong password, an unknown name and a wrong secret alike', async () => {
    for (const wrong of [{ password: 'wrong' }, { username: 'nobody' }])
      await expect(token(site, wrong)).rejects.toMatchObject({ code: 'auth.unauthenticated' });
    const { issuer } = site;
    await expect(clientCredentials({ issuer, ...feed, secret: 'wrong' })).rejects.toMatchObject({
      code: 'auth.unauthenticated',
    });
    await expect(clientCredentials({ issuer, clientId: 'console', secret: '' })).rejects.toMatchObject({
      code: 'auth.unauthenticated',
    });
  });

  it('says when it is not there', async () => {
    const issuer = 'http://127.0.0.1:1/realms/harbor';
    await expect(token(site, { issuer })).rejects.toMatchObject({ code: 'peer.unavailable' });
    const verifier = createOidcVerifier({ issuer, institution: 'harbor', clock });
    await expect(verifier.verify(await token(site))).rejects.toMatchObject({ code: 'peer.unavailable', status: 503 });
  });

  it('stops guessing at one name for five minutes, whether it exists or not', async () => {
    for (const username of ['li', 'nobody-at-all']) {
      if (username === 'li') await site.provider.users.put({ ...mei, username });
      for (let i = 0; i < 5; i += 1)
        await expect(token(site, { username, password: 'no' })).rejects.toMatchObject({ code: 'auth.unauthenticated' });
      await expect(token(site, { username })).rejects.toMatchObject({ code: 'auth.unauthenticated' });
    }
    await expect(token(site)).resolves.toBeDefined();
    site.now = () => Date.now() + 301_000;
    await expect(token(site, { username: 'li' })).resolves.toBeDefined();
  });

  it('keeps its secrets in files of its owner, and no password', async () => {
    for (const file of ['users.json', 'signing-keys.json', 'cookie-key.json']) {
      expect((await stat(join(site.folder, file))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(site.folder, file), 'utf8')).not.toContain(mei.password);
    }
  });

  it('starts again with the same keys and people', async () => {
    const before = await token(site);
    const verifier = createOidcVerifier({ issuer: site.issuer, institution: 'harbor', clock });
    const { subject } = await verifier.verify(before);
    await site.open(await site.stop());
    expect(
      (await createOidcVerifier({ issuer: site.issuer, institution: 'harbor', clock }).verify(before)).subject,
    ).toBe(subject);
    expect((await verifier.verify(await token(site))).subject).toBe(subject);
  });

  it('does not start on a damaged file', async () => {
    const path = join(site.folder, 'cookie-key.json');
    const whole = await readFile(path);
    await writeFile(path, '{"version":1}');
    await expect(
      createEmbeddedProvider({ baseUrl: 'http://x', institution: 'harbor', folder: site.folder, clock, random }),
    ).rejects.toMatchObject({ code: 'config.invalid' });
    await writeFile(path, whole);
  });

  it('shows a page that works without scripts and says what is wrong', async () => {
    const query = new URLSearchParams({
      client_id: 'console',
      redirect_uri: console_.redirectUris[0]!,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    const first = await fetch(`${site.issuer}/protocol/openid-connect/auth?${query.toString()}`, {
      redirect: 'manual',
    });
    const cookie = first.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const login = new URL(first.headers.get('location')!, site.issuer);
    const page = await fetch(login, { headers: { cookie } });
    const html = await page.text();
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' http://localhost:3000");
    expect(html).not.toContain('<script');
    for (const field of ['username', 'password']) expect(html).toContain(`<label for="${field}">`);
    const wrong = await fetch(login, {
      method: 'POST',
      headers: { cookie },
      body: new URLSearchParams({ username: 'mei', password: 'x' }),
    });
    expect([wrong.status, await wrong.text()]).toEqual([401, expect.stringContaining('role="alert"')]);
    const stranger = await fetch(login);
    expect([stranger.status, await stranger.text()]).toEqual([400, 'This sign-in is over. Go back and start again.']);
  });

  it('never writes to the console', async () => {
    const writes = jest.spyOn(globalThis.console, 'warn');
    await site.open(await site.stop());
    await token(site);
    expect(writes).not.toHaveBeenCalled();
  });
});
