import type { Command } from 'commander';
import { MedshareClient } from '@medshare/client';
import { obtainToken } from '@medshare/identity';
import { problem } from '@medshare/problems';
import { demoPassword } from '../run/demo-access.js';
import { dataFolder } from './data-folder.js';
import { authoritiesAt, placeOf, readDemo, type DemoPlace } from './demo-file.js';
import { UsageError, type Surroundings } from './outcome.js';
import { readGenesis } from './genesis.js';
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
    .option('--issuer <url>', 'its identity provider; the password is read from MEDSHARE_CLI_PASSWORD')
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

/** Signs in on first use and again when the token runs out. */
export async function actingAs(options: WhoOptions, { env }: Pick<Surroundings, 'env'>): Promise<Acting> {
  const data = dataFolder(options.data, env);
  const who = parseWho(options.as ?? '');
  const at = await whereTo(options, data, who.institution);
  const { id, httpUrl, issuer } = at;
  const place = { data, institution: id, username: who.username };
  const authorities = await authoritiesAt(at);
  const token = reusing(async () =>
    obtainToken({ issuer, username: who.username, password: await passwordOf(place, options, env), authorities }),
  );
  const genesis = await readGenesis(data, id);
  const key = await staffKey(place, genesis?.suite ?? 'intl');
  return { place, httpUrl, token, client: new MedshareClient({ baseUrl: httpUrl, token, key }) };
}

async function whereTo(
  { url, issuer, issuerCa }: WhoOptions,
  data: string,
  institution: string | undefined,
): Promise<DemoPlace> {
  if (url !== undefined && issuer !== undefined)
    return { id: institution ?? new URL(url).hostname, httpUrl: url, issuer, authorities: issuerCa };
  if (url !== undefined || issuer !== undefined) throw new UsageError('--url and --issuer go together');
  if (issuerCa !== undefined) throw new UsageError('--issuer-ca needs --issuer');
  const demo = await readDemo(data);
  return placeOf(demo, institution ?? (demo.institutions[0] as DemoPlace).id);
}

async function passwordOf(
  { data, institution, username }: StaffPlace,
  { issuer }: WhoOptions,
  env: Surroundings['env'],
): Promise<string> {
  const given = env['MEDSHARE_CLI_PASSWORD'];
  if (given !== undefined) return given;
  if (issuer !== undefined)
    throw problem('auth.unauthenticated', {
      where: 'MEDSHARE_CLI_PASSWORD',
      detail: 'put the password into this variable',
    });
  return demoPassword(data, institution, username);
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
