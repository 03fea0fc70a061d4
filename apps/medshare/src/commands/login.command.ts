import type { Command } from 'commander';
import { decodeJwt } from 'jose';
import { cliRedirectUri } from '@medshare/identity/embedded-clients';
import { asProblem, problem } from '@medshare/problems';
import { placeOfPerson, withWho, type WhoOptions } from './acting-as.js';
import { awaitRedirect } from './await-redirect.js';
import { forgetSession, keepSession, oidcClientAt, readSession } from './kept-session.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

export function addLogin(program: Command, run: Run): void {
  const login = addCommand(
    program,
    'login',
    'Sign in with a browser, once; commands with the same --as then need no password until the session is over.',
    [
      'medshare login --as dr.chen@harbor --url https://medshare.harbor.example --issuer https://sso.harbor.example/realms/harbor',
      'medshare login --as dr.chen@lakeside                      # of a demo on this computer',
    ],
  );
  withWho(login).action((options: WhoOptions, self: Command) => run(self, (within) => logIn(options, within)));
  const logout = addCommand(program, 'logout', 'End what `medshare login` began, here and at the identity provider.', [
    'medshare logout --as dr.chen@harbor',
  ]);
  withWho(logout).action((options: WhoOptions, self: Command) => run(self, (within) => logOut(options, within)));
}

/** Authorization code with PKCE in the person's own browser, sent back to the loopback interface (RFC 8252). */
async function logIn(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const { place, at } = await placeOfPerson(options, within);
  const client = await oidcClientAt(at);
  const redirect = await awaitRedirect(cliRedirectUri);
  try {
    const { url, pending } = await client.begin(redirect.redirectUri);
    within.terminal.notice(
      `Open this address in a browser on this computer, and sign in as ${place.username}:\n\n  ${url}\n`,
    );
    const { query, answer } = await redirect.come(within.stop);
    try {
      const tokens = await client.finish(query, pending);
      const { preferred_username: name } = decodeJwt(tokens.id ?? tokens.access);
      if (String(name).toLowerCase() !== place.username.toLowerCase()) {
        await client.revoke(tokens.refresh ?? tokens.access).catch(() => undefined);
        throw problem('auth.unauthenticated', {
          where: '--as',
          detail: `somebody else signed in, not ${place.username}`,
        });
      }
      await keepSession(place, at, tokens);
      answer('You are signed in. Close this window and go back to the terminal.');
    } catch (caught) {
      answer(`The sign-in did not come to its end (${asProblem(caught).code}); the terminal says why.`);
      throw caught;
    }
  } finally {
    redirect.close();
  }
  const { username, institution } = place;
  const { httpUrl: address, issuer } = at;
  return { document: { username, institution, url: address, issuer }, text: `signed in as ${username}@${institution}` };
}

async function logOut(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const { place } = await placeOfPerson(options, within);
  const session = await readSession(place);
  const { username, institution } = place;
  const who = `${username}@${institution}`;
  if (session === undefined)
    return { document: { username, institution, ended: false }, text: `${who}: no session is kept here` };
  // first here: a provider that is away keeps nobody signed in on this computer
  await forgetSession(place);
  await (await oidcClientAt(session)).revoke(session.refresh);
  return { document: { username, institution, ended: true }, text: `${who}: signed out` };
}
