import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { problem } from '@medshare/problems';
import { override, overridesOf } from './config/environment.js';
import { configSchema, type Config } from './config/schema.js';

export { describeConfig, printConfig } from './config/describe.js';
export { configSchema, type Config } from './config/schema.js';

/** Bytes of a configuration file at most. */
const maxBytes = 1024 * 1024;

/**
 * Reads one institution's configuration: the YAML file, then `MEDSHARE_…` of the environment over it.
 *
 * @returns the validated configuration with its paths made absolute, relative ones being relative to the file
 * @throws Problem config.invalid whose detail has one line a mistake, `key: reason`, all of them, and never a value
 */
export function loadConfig(path: string, env: Readonly<Record<string, string | undefined>>): Config {
  const mistakes: string[] = [];
  const document = overridesOf(env, mistakes).reduce(override, readDocument(path, mistakes));
  const result = configSchema.safeParse(document);
  if (!result.success) mistakes.push(...result.error.issues.flatMap(linesOf));
  if (mistakes.length > 0) throw problem('config.invalid', { where: path, detail: mistakes.join('\n') });
  return absolute(result.data as Config, dirname(resolve(path)));
}

function readDocument(path: string, mistakes: string[]): unknown {
  const lines = new LineCounter();
  const document = parseDocument(textOf(path), { prettyErrors: false, lineCounter: lines, uniqueKeys: true });
  // the parser's own texts quote the file
  for (const { code, pos } of document.errors) mistakes.push(`line ${lines.linePos(pos[0]).line}: ${code}`);
  if (mistakes.length > 0) throw problem('config.invalid', { where: path, detail: mistakes.join('\n') });
  try {
    return (document.toJS({ maxAliasCount: 100 }) as unknown) ?? {};
  } catch (cause) {
    throw problem('config.invalid', { where: path, detail: 'aliases lead nowhere or to too much', cause });
  }
}

function textOf(path: string): string {
  try {
    if (statSync(path).size > maxBytes)
      throw problem('config.invalid', { where: path, detail: 'the file is too large' });
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'config.invalid') throw cause;
    throw problem('config.invalid', { where: path, detail: `the file cannot be read (${code ?? 'unknown'})`, cause });
  }
}

/** One line a mistake; for unknown keys one line a key. */
function linesOf(issue: z.core.$ZodIssue): string[] {
  const key = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => `${key && `${key}.`}${name}: is not a key`);
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return [`${key}: is missing`];
  return [`${key || '(file)'}: ${issue.message}`];
}

const fileUrl = (url: string, folder: string): string =>
  pathToFileURL(url.startsWith('file://') ? fileURLToPath(url) : resolve(folder, url.slice('file:'.length))).href;

/** `mounted:` and a folder, as `file:` and a file. */
const keysUrl = (url: string, folder: string): string =>
  url.startsWith('mounted:')
    ? fileUrl(url.replace(/^mounted:/, 'file:'), folder).replace(/^file:/, 'mounted:')
    : fileUrl(url, folder);

function absolute(config: Config, folder: string): Config {
  const at = (path: string) => resolve(folder, path);
  const { key, cert, authorities } = config.peers;
  return {
    ...config,
    data: at(config.data),
    blobs: config.blobs.startsWith('file:') ? fileUrl(config.blobs, folder) : config.blobs,
    ipfs: files(config.ipfs, at),
    s3: files(config.s3, at),
    keys: keysUrl(config.keys, folder),
    mllp: {
      ...config.mllp,
      ...(config.mllp.tls && { tls: files(config.mllp.tls, at) }),
      feeds: config.mllp.feeds.map((feed) => absoluteFeed(feed, at)),
    },
    kafka: {
      ...config.kafka,
      ...(config.kafka.tls && { tls: files(config.kafka.tls, at) }),
      ...(config.kafka.sasl && { sasl: files(config.kafka.sasl, at) }),
    },
    fabric: { ...files(config.fabric, at), tls: files(config.fabric.tls, at) },
    identity: files(config.identity, at),
    database: absoluteDatabase(config.database, at),
    telemetry: {
      ...config.telemetry,
      ...(config.telemetry.headersFile !== undefined && { headersFile: at(config.telemetry.headersFile) }),
    },
    peers: {
      ...config.peers,
      key: at(key),
      cert: at(cert),
      authorities: Object.fromEntries(Object.entries(authorities).map(([id, path]) => [id, at(path)])),
    },
  };
}

type At = (path: string) => string;

/** `sslrootcert` of a URL of PostgreSQL names a file, too. */
function withAuthorityFile(text: string, at: At): string {
  const file = URL.canParse(text) ? new URL(text).searchParams.get('sslrootcert') : null;
  if (file === null) return text;
  const url = new URL(text);
  url.searchParams.set('sslrootcert', at(file));
  return url.href;
}

function absoluteDatabase(database: Config['database'], at: At): Config['database'] {
  const { url, passwordFile, users } = database;
  return {
    ...database,
    url: withAuthorityFile(url, at),
    ...(passwordFile !== undefined && { passwordFile: at(passwordFile) }),
    ...(users && { users: { ...users, passwords: at(users.passwords) } }),
  };
}

const fileKeys: ReadonlySet<string> = new Set([
  'key',
  'cert',
  'authorities',
  'clientAuthorities',
  'passwordFile',
  'clientSecretFile',
  'keyFile',
  'secretAccessKeyFile',
]);

/** The members of a section that name files, made absolute. */
const files = <T extends object>(tls: T, at: At): T =>
  Object.fromEntries(
    Object.entries(tls).map(([key, value]) => [key, fileKeys.has(key) ? at(String(value)) : (value as unknown)]),
  ) as T;

function absoluteFeed(feed: Config['mllp']['feeds'][number], at: At): Config['mllp']['feeds'][number] {
  const { applicationAck, webhook } = feed;
  const { source } = webhook ?? {};
  const withTls = <T extends { tls?: object | undefined }>(to: T): T =>
    to.tls === undefined ? to : { ...to, tls: files(to.tls, at) };
  const withToken = <T extends { tokenFile?: string | undefined }>(to: T): T =>
    to.tokenFile === undefined ? to : { ...to, tokenFile: at(to.tokenFile) };
  const withKey = <T extends { backendService?: object | undefined }>(to: T): T =>
    to.backendService === undefined ? to : { ...to, backendService: files(to.backendService, at) };
  return {
    ...feed,
    ...(applicationAck && { applicationAck: withTls(applicationAck) }),
    ...(webhook && {
      webhook: { ...withToken(webhook), ...(source && { source: withKey(withTls(withToken(source))) }) },
    }),
  };
}
