import type { Config } from '../config.js';

/** The client of every page at the institution's provider: public, authorization code with PKCE (RFC 7636). */
export const consoleClient = 'medshare-console';

/** Where browsers reach this institution, without a final slash. */
export const publicUrl = ({ http: { publicUrl: given, host, port } }: Pick<Config, 'http'>): string =>
  (given ?? `http://${host}:${port}`).replace(/\/$/, '');

/** Where the provider sends people back to, compared as exact text. */
export const callbackUrl = (config: Pick<Config, 'http'>): string => `${publicUrl(config)}/session/callback`;

/** Where the provider sends people to who signed out. */
export const signedOutUrl = (config: Pick<Config, 'http'>): string => `${publicUrl(config)}/messages`;
