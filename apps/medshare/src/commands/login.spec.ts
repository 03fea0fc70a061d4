import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock, systemRandom as random } from '@medshare/clock';
import { createEmbeddedProvider } from '@medshare/identity/embedded-oidc.driver';
import express from 'express';
import { decodeJwt } from 'jose';
import { callMain } from '../call-main.fixture.js';

const passwords = { 'dr.chen': 'correct horse battery', 'dr.wu': 'another long password' };
const who = ['--as', 'dr.chen@harbor'];

/** A person in front of a browser. @returns what it shows at the end */
async function browse(address: string, username: keyof typeof passwords): Promise<string> {
  const cookies = new Map<string, string>();
  const go = async (url: string, body?: URLSearchParams): Promise<Response> => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const init = { redirect: 'manual', headers: { cookie }, ...(body && { method: 'POST', body }) } as const;
    const response = await fetch(url, init);
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      cookies.set(name!, value!);
    }
    const location = response.headers.get('location');
    if (location !== null) return go(new URL(location, url).href);
    const html = await response.clone().text();
    if (!html.includes('name="password"')) return response;
    return go(response.url, new URLSearchParams({ username, password: passwords[username] }));
  };
  return (await go(address)).text();
}

describe('signing in on the command line with a browser', () => {
  let folder: string;
  let server: Server;
  let at: string[];
  const sessions = async () =>
    (await readdir(join(folder, 'staff')).catch(() => [])).filter((name) => /session/.test(name));
  const sessionFile = () => join(folder, 'staff', 'harbor-dr.chen.session.json');
  const session = async () => JSON.parse(await readFile(sessionFile(), 'utf8')) as Record<string, unknown>;

  const call = (args: string[], onNotice?: (text: string) => void) =>
    callMain(args, { env: { MEDSHARE_CLI_DATA: folder }, ...(onNotice && { onNotice }) });
  const login = async (open: (address: string) => Promise<string>) => {
    let shown: Promise<string> | undefined;
    const answer = await call(['login', ...who, ...at], (words) => {
      const [address] = /http:\/\/\S+\/auth\?\S+/.exec(words) ?? [];
      if (address !== undefined) shown ??= open(address);
    });
    return { ...answer, shown: await shown };
  };
  const token = async () => {
    const { exitCode, out, err } = await call(['token', ...who]);
    return exitCode === 0 ? decodeJwt(out.trim())['preferred_username'] : err;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'login-'));
    const app = express();
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = { baseUrl, institution: 'harbor', folder: join(folder, 'identity'), clock, random };
    const provider = await createEmbeddedProvider(options);
    provider.mount(app);
    for (const [username, password] of Object.entries(passwords))
      await provider.users.put({ username, password, roles: ['clinician'] });
    at = ['--url', baseUrl, '--issuer', provider.issuer];
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  it('is what a command asks for that has no password', async () => {
    const { exitCode, err } = await call(['token', ...who, ...at]);
    expect(exitCode).toBe(1);
    expect(err).toContain('auth.unauthenticated: dr.chen@harbor: sign in first, with the same options: medshare login');
  });

  it('keeps a session by which commands get tokens, and need no address any more', async () => {
    const { exitCode, out, shown } = await login((address) => browse(address, 'dr.chen'));
    expect({ exitCode, out, shown }).toEqual({
      exitCode: 0,
      out: 'signed in as dr.chen@harbor\n',
      shown: expect.stringContaining('You are signed in.'),
    });
    expect(await token()).toBe('dr.chen');
    if (process.platform !== 'win32') expect((await stat(sessionFile())).mode & 0o777).toBe(0o600);
  });

  it('is not shown to another address than the one it was begun for', async () => {
    const [, url, ...issuer] = at;
    const other = await call(['token', ...who, '--url', url!.replace('127.0.0.1', 'localhost'), ...issuer]);
    expect(other).toMatchObject({ exitCode: 1, out: '', err: expect.stringContaining('sign in first') });
    expect(await call(['token', ...who, ...at])).toMatchObject({ exitCode: 0 });
  });

  it('asks for the next token once, however many commands want it at one time', async () => {
    const before = await session();
    await writeFile(sessionFile(), JSON.stringify({ ...before, accessUntil: 0 }));
    expect(await Promise.all(Array.from({ length: 8 }, token))).toEqual(Array.from({ length: 8 }, () => 'dr.chen'));
    expect((await session())['refresh']).not.toBe(before['refresh']);
    expect(await sessions()).toEqual(['harbor-dr.chen.session.json']);
  });

  it('is over when the provider says so, and says how to begin again', async () => {
    const before = await session();
    expect(await call(['logout', ...who])).toMatchObject({ exitCode: 0, out: 'dr.chen@harbor: signed out\n' });
    expect(await sessions()).toEqual([]);
    // somebody kept the file
    await writeFile(sessionFile(), JSON.stringify({ ...before, accessUntil: 0 }), { mode: 0o600 });
    expect(await token()).toContain('sign in again: medshare login --as dr.chen@harbor');
    expect(await sessions()).toEqual([]);
  });

  it.each<[string, (address: string) => Promise<string>, string]>([
    ['somebody else', (address) => browse(address, 'dr.wu'), 'somebody else signed in'],
    [
      'a link that was made elsewhere',
      async (address) => {
        const back = new URL(new URL(address).searchParams.get('redirect_uri')!);
        back.search = new URLSearchParams({ code: 'c', state: 'another' }).toString();
        return (await fetch(back)).text();
      },
      'does not fit the sign-in that was begun',
    ],
  ])('is refused for %s, and nothing is kept', async (_, open, why) => {
    const { exitCode, err, shown } = await login(open);
    expect(exitCode).toBe(1);
    expect(err).toContain(why);
    expect(shown).toContain('did not come to its end (auth.unauthenticated)');
    expect(await sessions()).toEqual([]);
  });
});
