import 'reflect-metadata';
import { Controller, Get, Module, Post, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { systemClock, systemRandom } from '@medshare/clock';
import type { TokenVerifier } from '@medshare/identity';
import { boundedFetch } from '@medshare/identity/bounded-fetch';
import { ConsoleSession, csrfHeader, type SignedIn } from '@medshare/identity/console-session';
import { Roles, TOKEN_VERIFIER, TokenGuard } from '@medshare/identity/nest';
import { ProblemFilter } from '@medshare/peers/nest';
import { consoleClient } from './public-url.js';
import { bearerOfSession } from './bearer-of-session.js';
import { SESSION, SessionController } from './session.controller.js';

/** A provider with one person, a clinician, who may come back to an address of ours. */
export interface SessionHarness {
  readonly issuer: string;
  readonly authorities?: string;
  readonly person: { readonly username: string; readonly password: string };
  readonly verifier: TokenVerifier;
  /** Puts the provider's routes on our application, where it is in process. */
  mount?(app: Express): void;
  close(): Promise<void>;
}

@Controller('wards')
@UseGuards(TokenGuard)
@Roles('clinician')
class Wards {
  @Get()
  read() {
    return { read: true };
  }
  @Post()
  write() {
    return { written: true };
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** As much of a browser as a sign-in needs: cookies of a host, redirects, one form. */
class Browser {
  readonly cookies = new Map<string, string>();
  readonly lines: string[] = [];
  readonly #authorities: string | undefined;

  constructor(authorities: string | undefined) {
    this.#authorities = authorities;
  }

  async ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Response> {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const asked = { method, headers: { cookie, ...headers }, body, authorities: this.#authorities, timeoutMs: 20_000 };
    const response = await boundedFetch(url, asked);
    for (const line of response.headers.getSetCookie()) {
      this.lines.push(line);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Follows redirects until a page, or until an address that begins with `stop`. */
  async follow(url: string, stop?: string): Promise<{ url: string; response?: Response }> {
    for (let at = url; ;) {
      if (stop !== undefined && at.startsWith(stop)) return { url: at };
      const response = await this.ask(at);
      const location = response.headers.get('location');
      if (location === null) return { url: at, response };
      at = new URL(location, at).href;
    }
  }

  /** Fills in the provider's form. @returns where the provider sends the browser back to, not yet asked for */
  async fillIn(
    page: { url: string; response?: Response },
    person: SessionHarness['person'],
    stop: string,
  ): Promise<string> {
    const html = (await page.response?.text()) ?? '';
    const [, action] = /<form[^>]+action="([^"]+)"/.exec(html) ?? [];
    const form = new URL((action ?? page.url).replaceAll('&amp;', '&'), page.url).href;
    const body = new URLSearchParams({ ...person });
    const next = new URL((await this.ask(form, { method: 'POST', body })).headers.get('location') ?? 'x:', form).href;
    return (await this.follow(next, stop)).url;
  }
}

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: URLSearchParams;
}

/** What a person needs to sign in at our pages, whoever provides identities. */
export function sessionContract(name: string, start: (publicUrl: string) => Promise<SessionHarness>): void {
  describe(`the sign-in of a person at a page, with ${name}`, () => {
    let harness: SessionHarness;
    let app: INestApplication;
    let base: string;
    let now = () => systemClock.now();
    beforeAll(async () => {
      const port = await freePort();
      base = `http://127.0.0.1:${port}`;
      harness = await start(base);
      const session = new ConsoleSession({
        ...harness,
        clientId: consoleClient,
        institution: 'harbor',
        publicUrl: base,
        callbackUrl: `${base}/session/callback`,
        signedOutUrl: `${base}/messages`,
        key: systemRandom.bytes(32),
        clock: { now: () => now() },
        random: systemRandom,
      });
      const provider = { provide: TOKEN_VERIFIER, useValue: harness.verifier };
      const signing = { provide: SESSION, useValue: { session, publicUrl: base } };
      @Module({ controllers: [Wards, SessionController], providers: [provider, signing] })
      class Hospital {}
      app = await NestFactory.create(Hospital, { logger: false, bodyParser: false });
      app.use(bearerOfSession(session));
      const instance = app.getHttpAdapter().getInstance() as Express;
      harness.mount?.(instance);
      app.useGlobalFilters(new ProblemFilter());
      await app.listen(port, '127.0.0.1');
    }, 300_000);
    afterAll(async () => {
      await app?.close();
      await harness?.close();
    });
    afterEach(() => {
      now = () => systemClock.now();
    });

    const callback = () => `${base}/session/callback`;
    const newBrowser = () => new Browser(harness.authorities);
    /** @returns the address with the code, before the browser asks for it */
    const withCode = async (browser: Browser, to = '/messages') =>
      browser.fillIn(
        await browser.follow(`${base}/session/login?to=${encodeURIComponent(to)}`),
        harness.person,
        callback(),
      );
    const signedIn = async () => {
      const browser = newBrowser();
      const back = await browser.ask(await withCode(browser));
      const who = (await (await browser.ask(`${base}/session`)).json()) as SignedIn;
      return { browser, back, who, page: { [csrfHeader]: who.csrf } };
    };
    const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code?: string }).code];
    const sessionCookie = 'medshare_harbor_session';

    it('leads back to the page, which is told who it is and can ask and write', async () => {
      const { browser, back, who, page } = await signedIn();
      expect([back.status, back.headers.get('location')]).toEqual([303, `${base}/messages`]);
      expect(who).toMatchObject({ username: harness.person.username, institution: 'harbor' });
      expect(who.roles).toContain('clinician');
      expect((await browser.ask(`${base}/wards`, { headers: page })).status).toBe(200);
      expect((await browser.ask(`${base}/wards`, { method: 'POST', headers: page })).status).toBe(201);
    });

    it('keeps tokens from the browser: sealed cookies that no script reads and no other site sends', async () => {
      const { browser } = await signedIn();
      const line = browser.lines.find((one) => one.startsWith(`${sessionCookie}=`)) ?? '';
      expect(line).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
      expect(line.length).toBeLessThan(4096);
      const [head = '', key] = (browser.cookies.get(sessionCookie) ?? '').split('.');
      expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'dir', enc: 'A256GCM' });
      expect(key).toBe('');
    });

    it('answers no request that does not show the page’s own value, nor one with a changed cookie', async () => {
      const { browser, page } = await signedIn();
      const forged = { [csrfHeader]: 'x'.repeat(32) };
      for (const method of ['GET', 'POST']) {
        expect(await codeOf(await browser.ask(`${base}/wards`, { method }))).toEqual([401, 'auth.unauthenticated']);
        const other = await browser.ask(`${base}/wards`, { method, headers: forged });
        expect(await codeOf(other)).toEqual([403, 'auth.forbidden']);
      }
      expect(await codeOf(await browser.ask(`${base}/session/logout`, { method: 'POST' }))).toEqual([
        403,
        'auth.forbidden',
      ]);
      const whole = browser.cookies.get(sessionCookie) ?? '';
      const at = whole.length - 30;
      const changed = whole.slice(0, at) + (whole[at] === 'A' ? 'B' : 'A') + whole.slice(at + 1);
      browser.cookies.set(sessionCookie, changed);
      expect((await browser.ask(`${base}/wards`, { headers: page })).status).toBe(401);
      // a cookie of another kind is none
      browser.cookies.set(sessionCookie, browser.cookies.get('medshare_harbor_id') ?? '');
      expect((await browser.ask(`${base}/wards`, { headers: page })).status).toBe(401);
    });

    it('ends in nothing for a code that another browser asked for, with another state, or a second time', async () => {
      const [one, other] = [newBrowser(), newBrowser()];
      const url = await withCode(one);
      expect((await other.ask(url)).status).toBe(401);
      expect(other.cookies.has(sessionCookie)).toBe(false);
      // somebody who began a sign-in of their own is not signed in as another by a link (login CSRF)
      await other.follow(
        `${base}/session/login`,
        new URL(harness.issuer).origin === base ? `${base}/realms` : harness.issuer,
      );
      expect((await other.ask(url)).status).toBe(401);
      expect(other.cookies.has(sessionCookie)).toBe(false);
      expect((await one.ask(url)).status).toBe(303);
      expect((await one.ask(url)).status).toBe(401);
      const again = newBrowser();
      const changed = new URL(await withCode(again));
      changed.searchParams.set('state', 'another');
      expect((await again.ask(changed.href)).status).toBe(401);
      expect(again.cookies.has(sessionCookie)).toBe(false);
    });

    it.each(['//evil.example', 'https://evil.example/', '/\\evil.example', '/messages?x=//y', ''])(
      'never leads elsewhere afterwards: %j',
      async (to) => {
        const browser = newBrowser();
        const { headers } = await browser.ask(await withCode(browser, to));
        expect(headers.get('location')).toBe(`${base}/messages`);
      },
    );

    it('goes on after the token’s five minutes, several requests at once, and ends with the shift', async () => {
      const { browser, page } = await signedIn();
      now = () => systemClock.now() + 295_000;
      const cookie = browser.cookies.get(sessionCookie) ?? '';
      const askAll = [1, 2, 3].map(() => {
        const tab = newBrowser();
        tab.cookies.set(sessionCookie, cookie);
        return tab.ask(`${base}/wards`, { headers: page });
      });
      expect((await Promise.all(askAll)).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect((await browser.ask(`${base}/wards`, { headers: page })).status).toBe(200);
      expect(browser.cookies.get(sessionCookie)).not.toBe(cookie);
      now = () => systemClock.now() + 8 * 3600_000 + 1000;
      expect((await browser.ask(`${base}/wards`, { headers: page })).status).toBe(401);
    });

    it('is over after signing out, here and at the provider', async () => {
      const { browser, page } = await signedIn();
      const stolen = browser.cookies.get(sessionCookie) ?? '';
      const answer = await browser.ask(`${base}/session/logout`, { method: 'POST', headers: page });
      const { location } = (await answer.json()) as { location: string };
      expect(location).toContain('/protocol/openid-connect/logout?');
      const { searchParams } = new URL(location);
      expect(searchParams.get('post_logout_redirect_uri')).toBe(`${base}/messages`);
      expect(searchParams.get('id_token_hint')).toMatch(/^ey/);
      expect(browser.cookies.has(sessionCookie)).toBe(false);
      expect(await codeOf(await browser.ask(`${base}/session`))).toEqual([401, 'auth.unauthenticated']);
      // a cookie that somebody kept is renewed no more
      browser.cookies.set(sessionCookie, stolen);
      now = () => systemClock.now() + 295_000;
      expect((await browser.ask(`${base}/wards`, { headers: page })).status).toBe(401);
    });
  });
}
