import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OidcClient, type ClientTokens } from '@medshare/identity/oidc-client';
import { cliClient } from '@medshare/identity/embedded-clients';
import { isProblem, problem } from '@medshare/problems';
import { z } from 'zod';
import { authoritiesAt, type DemoPlace } from './demo-file.js';
import { readPrivateJson, writePrivateJson } from './private-json.js';
import { staffFile, type StaffPlace } from './staff-keys.js';

const sessionFile = z.strictObject({
  httpUrl: z.url(),
  issuer: z.url(),
  authorities: z.string().optional(),
  access: z.string(),
  /** ms since the epoch */
  accessUntil: z.int(),
  refresh: z.string(),
});
/** What `medshare login` keeps of a person on this computer: in a file of their own, mode 0600. */
export type KeptSession = z.infer<typeof sessionFile>;

/** A token is no longer used so long before its end, ms: the request must arrive in time. */
const margin = 30_000;
/** A refresh token serves once: of several commands at one time one asks, and the others read what it got. ms. */
const lock = { pause: 50, stale: 20_000, patience: 30_000 };

const pathOf = (place: StaffPlace): string => staffFile(place, 'session');

export const readSession = (place: StaffPlace): Promise<KeptSession | undefined> =>
  readPrivateJson(pathOf(place), sessionFile);

export async function forgetSession(place: StaffPlace): Promise<void> {
  await rm(pathOf(place), { force: true });
}

export async function oidcClientAt(at: Pick<DemoPlace, 'issuer' | 'authorities'>): Promise<OidcClient> {
  return new OidcClient({
    issuer: at.issuer,
    clientId: cliClient.clientId,
    authorities: await authoritiesAt(at),
  });
}

/** @throws Problem auth.unauthenticated when the provider gives nothing to keep */
export async function keepSession(
  place: StaffPlace,
  { httpUrl, issuer, authorities }: Pick<DemoPlace, 'httpUrl' | 'issuer' | 'authorities'>,
  { access, livesFor, refresh }: ClientTokens,
): Promise<void> {
  if (refresh === undefined)
    throw problem('auth.unauthenticated', { where: 'identity', detail: 'the provider gives no refresh token' });
  const at = { httpUrl, issuer, ...(authorities !== undefined && { authorities }) };
  const kept: KeptSession = { ...at, access, accessUntil: Math.floor(Date.now() + livesFor), refresh };
  await writePrivateJson(pathOf(place), kept);
}

/** The access token of a kept session, a new one when it is about to end. @throws Problem auth.unauthenticated when the session is over, peer.unavailable */
export async function sessionToken(place: StaffPlace): Promise<string> {
  const valid = async () => {
    const session = await readSession(place);
    if (session === undefined) throw over(place);
    return { session, serves: session.accessUntil - margin > Date.now() };
  };
  const first = await valid();
  if (first.serves) return first.session.access;
  return exclusively(`${pathOf(place)}.lock`, async () => {
    const { session, serves } = await valid();
    if (serves) return session.access;
    try {
      const tokens = await (await oidcClientAt(session)).refresh(session.refresh);
      await keepSession(place, session, tokens);
      return tokens.access;
    } catch (caught) {
      if (!isProblem(caught) || caught.code !== 'auth.unauthenticated') throw caught;
      await forgetSession(place);
      throw over(place);
    }
  });
}

const over = ({ username, institution }: StaffPlace) =>
  problem('auth.unauthenticated', {
    where: `${username}@${institution}`,
    detail: `the session is over; sign in again: medshare login --as ${username}@${institution}`,
  });

async function exclusively<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + lock.patience; ;) {
    const taken = await open(path, 'wx', 0o600).catch((caught: NodeJS.ErrnoException) => {
      if (caught.code !== 'EEXIST' || Date.now() > until) throw caught;
      return undefined;
    });
    if (taken) {
      await taken.close();
      break;
    }
    // left by a command that was killed
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > lock.stale) await rm(path, { force: true });
    await sleep(lock.pause);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}
