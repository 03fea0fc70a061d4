import { resolve } from 'node:path';
import type { Command } from 'commander';
import { MedshareClient } from '@medshare/client';
import { obtainToken } from '@medshare/identity';
import { problem } from '@medshare/problems';
import { demoPassword } from '../run/demo-access.js';
import { dataFolder } from './data-folder.js';
import { authoritiesAt, placeOf, readDemo, type DemoPlace } from './demo-file.js';
import { UsageError, type Surroundings } from './outcome.js';
import { readGenesis } from './genesis.js';
import { readSession, sessionToken } from './kept-session.js';
import { staffKey, type StaffPlace } from './staff-keys.js';

export interface WhoOptions {
  as?: string;
  data?: string;
  url?: string;
  issuer?: string;
  issuerCa?: string;
}

/** Someone signed in at an institution. */
export interface Acting {
  place: StaffPlace;
  httpUrl: string;
  token: () => Promise<string>;
  client: MedshareClient;
}

/** Tokens live five minutes; a shorter life here leaves room for the request. */
const tokenLife = 4 * 60_000;

/** The options of every command that acts for a person. */
export function withWho(command: Command, { required = true } = {}): Command {
  const flag = '--as <user[@institution]>';
  const text = 'who acts, e.g. dr.chen@lakeside';
  return withPlace(required ? command.requiredOption(flag, text) : command.option(flag, text));
}

/** The options of every command that signs in somewhere. */
export const withPlace = (command: Command): Command =>
  command
    .option('--data <folder>', "the demo's data folder (default: the user's data directory)")
    .option('--url <url>', "an institution's public address, when it is not of a demo")
    .option(
      '--issuer <url>',
      'its identity provider; sign in with `medshare login`, or put the password into MEDSHARE_CLI_PASSWORD',
    )
    .option('--issuer-ca <file>', 'with --issuer: the authorities of its certificate (PEM); default: the system’s');

/** `dr.chen@lakeside` → person and institution; the part after the last @ is the institution. */
export function parseWho(as: string): { username: string; institution?: string } {
  const at = as.lastIndexOf('@');
  const username = at < 0 ? as : as.slice(0, at);
  const institution = at < 0 ? undefined : as.slice(at + 1);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(username)) throw new UsageError('--as: not a user name');
  if (institution !== undefined && !/^[a-z][a-z0-9-]{1,30}$/.test(institution))
    throw new UsageError('--as: what follows the @ is not an institution');
  return { username, ...(institution !== undefined && { institution }) };
}

/** Who the options speak of, and where: as said, else where they are signed in, else in a demo. */
export async function placeOfPerson(
  options: WhoOptions,
  { env }: Pick<Surroundings, 'env'>,
): Promise<{ place: StaffPlace; at: DemoPlace }> {
  const data = dataFolder(options.data, env);
  const { username, institution } = parseWho(options.as ?? '');
  const at = await whereTo(options, { data, username, institution });
  return { place: { data, institution: at.id, username }, at };
}

/** Signs in on first use and again when the token runs out. */
export async function actingAs(options: WhoOptions, { env }: Pick<Surroundings, 'env'>): Promise<Acting> {
  const { place, at } = await placeOfPerson(options, { env });
  const genesis = await readGenesis(place.data, place.institution);
  const key = await staffKey(place, genesis?.suite ?? 'intl');
  const token = reusing(() => tokenOf(place, at, options, env));
  return { place, httpUrl: at.httpUrl, token, client: new MedshareClient({ baseUrl: at.httpUrl, token, key }) };
}

async function whereTo(
  { url, issuer, issuerCa }: WhoOptions,
  { data, username, institution }: { data: string; username: string; institution: string | undefined },
): Promise<DemoPlace> {
  if (url !== undefined && issuer !== undefined)
    return {
      id: institution ?? new URL(url).hostname,
      httpUrl: url,
      issuer,
      authorities: issuerCa === undefined ? undefined : resolve(issuerCa),
    };
  if (url !== undefined || issuer !== undefined) throw new UsageError('--url and --issuer go together');
  if (issuerCa !== undefined) throw new UsageError('--issuer-ca needs --issuer');
  const session = institution === undefined ? undefined : await readSession({ data, institution, username });
  if (institution !== undefined && session) return { id: institution, ...session };
  const demo = await readDemo(data);
  return placeOf(demo, institution ?? (demo.institutions[0] as DemoPlace).id);
}

/** By the password that was given, by the session that is kept, else by the password of the demo. */
async function tokenOf(
  place: StaffPlace,
  at: DemoPlace,
  { issuer }: WhoOptions,
  env: Surroundings['env'],
): Promise<string> {
  const { data, institution, username } = place;
  const given = env['MEDSHARE_CLI_PASSWORD'];
  const session = given === undefined ? await readSession(place) : undefined;
  // a token goes to nobody but the server that it was got for
  if (session?.httpUrl === at.httpUrl && session.issuer === at.issuer) return sessionToken(place);
  if (given === undefined && issuer !== undefined)
    throw problem('auth.unauthenticated', {
      where: `${username}@${institution}`,
      detail: 'sign in first, with the same options: medshare login',
    });
  const password = given ?? (await demoPassword(data, institution, username));
  return obtainToken({ issuer: at.issuer, username, password, authorities: await authoritiesAt(at) });
}

/** Keeps a token for as long as it serves. */
export function reusing(obtain: () => Promise<string>): () => Promise<string> {
  let held: { token: Promise<string>; until: number } | undefined;
  return () => {
    const now = performance.now();
    if (!held || held.until < now) held = { token: obtain(), until: now + tokenLife };
    return held.token;
  };
}
