import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, chmod } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MedshareClient, generateStaffKey } from '@medshare/client';
import { frameMllp, MllpDecoder } from '@medshare/hl7';
import { clientCredentials, obtainToken } from '@medshare/identity';

// Starts the built product as a newcomer would, in processes of its own, and speaks to it over its sockets only.

export interface Institution {
  id: string;
  httpUrl: string;
  mllpPort: number;
  issuer: string;
  /** file of the authorities of the issuer's certificate */
  authorities?: string;
}

export interface Demo {
  data: string;
  portBase: number;
  institutions: Record<string, Institution>;
  pid: number;
  /** A client acting as a demo user, e.g. `dr.chen`, at an institution; with a staff key of its own. */
  as(username: string, institution: string): MedshareClient;
  token(username: string, institution: string): Promise<string>;
  feedToken(institution: string): Promise<string>;
  /** Sends messages over one MLLP connection and gives their acknowledgements, in order. */
  send(institution: string, ...messages: string[]): Promise<string[]>;
  output(): string;
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  remove(): Promise<void>;
}

export interface DemoOptions {
  separate?: boolean;
  suite?: 'intl' | 'sm';
  data?: string;
  portBase?: number;
  env?: Record<string, string>;
}

const root = process.cwd();
const startPatience = 240_000;

export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'medshare-')));
  await chmod(data, 0o755);
  const portBase = options.portBase ?? (await freePortBase());
  await rm(join(data, 'demo.json'), { force: true });
  const args = [
    'apps/medshare/bin/medshare.mjs',
    'up',
    '--demo',
    '--no-play',
    '--data',
    data,
    '--port-base',
    String(portBase),
  ];
  if (options.separate) args.push('--separate');
  if (options.suite) args.push('--suite', options.suite);
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  await ready(child, data, () => lines.join(''));
  const file = JSON.parse(await readFile(join(data, 'demo.json'), 'utf8')) as { institutions: Institution[] };
  return demoOf({
    suite: options.suite ?? 'intl',
    child,
    data,
    portBase,
    lines,
    institutions: Object.fromEntries(file.institutions.map((one) => [one.id, one])),
  });
}

const issuerAt = ({ issuer, authorities }: Institution) => ({
  issuer,
  authorities: authorities === undefined ? undefined : readFileSync(authorities, 'utf8'),
});

async function ready(child: ChildProcess, data: string, output: () => string): Promise<void> {
  const until = Date.now() + startPatience;
  while (!existsSync(join(data, 'demo.json'))) {
    if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}:\n${output()}`);
    if (Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`the demo was not ready in time:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Parts {
  suite: 'intl' | 'sm';
  child: ChildProcess;
  data: string;
  portBase: number;
  lines: string[];
  institutions: Record<string, Institution>;
}

function demoOf({ child, data, portBase, lines, institutions, suite }: Parts): Demo {
  const tokens = new Map<string, { token: Promise<string>; until: number }>();
  const cached = (key: string, make: () => Promise<string>): Promise<string> => {
    const known = tokens.get(key);
    if (known && known.until > Date.now()) return known.token;
    const token = make();
    tokens.set(key, { token, until: Date.now() + 120_000 });
    token.catch(() => tokens.delete(key));
    return token;
  };
  const at = (id: string): Institution => {
    const found = institutions[id];
    if (!found) throw new Error(`no institution ${id}`);
    return found;
  };
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const demo: Demo = {
    data,
    portBase,
    institutions,
    pid: child.pid ?? 0,
    token: (username, institution) =>
      cached(`${username}@${institution}`, async () => {
        const password = (await secrets(data)).passwords[institution]?.[username] ?? '';
        return obtainToken({ ...issuerAt(at(institution)), username, password });
      }),
    feedToken: (institution) =>
      cached(`feed@${institution}`, async () => {
        const secret = (await secrets(data)).feeds[institution] ?? '';
        return clientCredentials({ ...issuerAt(at(institution)), clientId: 'feed', secret });
      }),
    as: (username, institution) =>
      new MedshareClient({
        baseUrl: at(institution).httpUrl,
        token: () => demo.token(username, institution),
        key: generateStaffKey(suite),
      }),
    send: (institution, ...messages) => exchange(at(institution).mllpPort, messages),
    output: () => lines.join(''),
    async stop() {
      child.kill('SIGINT');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async remove() {
      await rm(data, { recursive: true, force: true });
    },
  };
  return demo;
}

interface Secrets {
  passwords: Record<string, Record<string, string>>;
  feeds: Record<string, string>;
}

const secrets = async (data: string): Promise<Secrets> =>
  JSON.parse(await readFile(join(data, 'demo-secrets.json'), 'utf8')) as Secrets;

/** Sends all messages without waiting, as a pipelining sender does. */
export const exchange = (port: number, messages: readonly string[], patience = 30_000): Promise<string[]> =>
  exchangeBytes(
    port,
    messages.map((message) => Buffer.from(message.replaceAll('\r\n', '\r').replaceAll('\n', '\r'))),
    patience,
  );

/** The same for messages in any character set. */
export async function exchangeBytes(
  port: number,
  messages: readonly Uint8Array[],
  patience = 30_000,
): Promise<string[]> {
  const socket = await open(port);
  try {
    return await new Promise<string[]>((resolve, reject) => {
      const answers: string[] = [];
      const decoder = new MllpDecoder(16 * 1024 * 1024);
      const late = setTimeout(() => reject(new Error(`${answers.length} of ${messages.length} answers`)), patience);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`closed after ${answers.length} of ${messages.length} answers`)));
      socket.on('data', (chunk: Buffer) => {
        for (const one of decoder.push(chunk))
          if ('frame' in one) answers.push(Buffer.from(one.frame).toString('utf8'));
        if (answers.length >= messages.length) {
          clearTimeout(late);
          resolve(answers);
        }
      });
      for (const message of messages) socket.write(frameMllp(message));
    });
  } finally {
    socket.removeAllListeners('close');
    socket.destroy();
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** A demo's ports lie within this many above its base; slots lie below the ports that systems give to clients. */
const slot = { first: 10_000, size: 400, count: 54 };

/** A base that no other test process holds and whose ports are free now; held until this process ends, by listening on its last port. */
export async function freePortBase(): Promise<number> {
  for (let at = process.pid; ; at += 1) {
    const base = slot.first + (at % slot.count) * slot.size;
    const held = await listen(base + slot.size - 1);
    if (!held) continue;
    held.unref();
    const wanted = [1, 2, 3].flatMap((n) => [base + 100 * n + 1, base + 100 * n + 11, base + 100 * n + 21]);
    const free = await Promise.all(wanted.map(isFree));
    if (free.every(Boolean)) return base;
    held.close();
    await new Promise((resolve) => setTimeout(resolve, 37));
  }
}

const listen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  return server !== undefined;
}

/** Polls until the value is there. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  patience = 30_000,
): Promise<T> {
  const end = Date.now() + patience;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (caught) {
      last = caught;
    }
    if (Date.now() > end) {
      const why = last instanceof Error ? `; last: ${last.message}` : '';
      throw new Error(`not in ${patience} ms: ${what}${why}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface SearchSet {
  total: number;
  entry: { resource: { id: string } }[];
}

/** How many audit entries of an action the regulator sees at an institution. */
export async function audited(demo: Demo, institution: string, action: string): Promise<number> {
  const found = (await demo.as('regulator', institution).auditEvents({ action })) as SearchSet;
  return found.total;
}

/** Problem codes of the refusals that the regulator sees about an entity (`<kind>|<id>`), the newest first. */
export async function refusals(demo: Demo, institution: string, action: string, entity: string): Promise<string[]> {
  const query = { action, entity, outcome: '4' };
  const found = (await demo.as('regulator', institution).auditEvents(query)) as {
    entry: { resource: { outcomeDesc?: string } }[];
  };
  return found.entry.map(({ resource }) => resource.outcomeDesc ?? '');
}

/** A body as it is, without the client's care; the answer's status and what it says. */
export async function post(
  demo: Demo,
  institution: string,
  username: string,
  path: string,
  body: object,
): Promise<{ status: number; code?: string }> {
  const response = await fetch(new URL(path, demo.institutions[institution]?.httpUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${await demo.token(username, institution)}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { ...((await response.json()) as object), status: response.status };
}
