// The servers that operators run, on this machine. `npm run stack -- --help`
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bringUp } from './bring-up.js';
import { readDescription } from './describe-stack.js';
import { installAll } from './install.js';
import { defaultCache, defaultBasePort, defaultState, type Places } from './places.js';
import { parts, serversOf } from './servers.js';
import type { StackServer } from './server.js';
import { openStack, type Stack } from './stack.js';
import { statusOf, tableOf } from './tell-status.js';
import { Supervisor } from './supervise.js';

const usage = `npm run stack -- up|down|status|install [part…] [options]
Installs and starts on 127.0.0.1 the servers that medshare runs on in the field, at pinned versions, without containers.
Parts (all when none is named): ${Object.keys(parts).join(', ')}

  up        installs what is missing, starts what does not run, waits until all is ready; safe to repeat
  down      stops what runs; data, secrets and logs are kept
  status    each server with process, ports, version, and whether it serves; ends with 1 when one does not
  install   installs only

  --state <folder>     what the stack keeps (${defaultState(process.env)}); another stack needs another folder
  --base-port <n>      all ports are counted from here (${defaultBasePort}, or the one of last time)
  --cache <folder>     what is installed, for all stacks (${defaultCache(process.env)})
  --wipe               with down: forgets everything that the stack kept
  --json               with status: for programs
  --help               this text

Needs Linux, a JDK of 17 or newer, Maven and Go. PostgreSQL's programs come with npm ci.

<state>/stack.json       addresses, and the files of the secrets: what a test reads
<state>/secrets/         a secret a file, random, mode 0600
<state>/log/<server>.log its log; the one of the run before is <server>.log.1

Kafka: SASL_SSL at stack.json's kafka.brokers; trust the file "authority"; SCRAM-SHA-512 as harbor, lakeside, summit (each may use
topics and groups whose names begin with its own and a dot, e.g. harbor.record.received) or admin (everything). Topics are not made by
themselves; a deployment against the stack is started by "medshare up --demo --data <state>/institutions". To kill a broker as tests do: SIGKILL to its pid in status --json; up brings it back.

Fabric: network "east", three organisations with a peer and an orderer each; stack.json's "fabric" has addresses, identities, certificates. The programs
peer, orderer, configtxgen, configtxlator and osnadmin of a release of 2.5 or later are taken from the folder MEDSHARE_FABRIC_BIN; without it 2.1.1 is built, and a Gateway service for tests stands in front of
its peers (tests/stack/gateway/README.md). What runs is in status and in stack.json. A network stays with the release that it was founded on.

  npm run stack -- up postgres kafka
  npm run stack -- status --json
  npm run stack -- down --wipe
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    state: { type: 'string', default: defaultState(process.env) },
    'base-port': { type: 'string' },
    cache: { type: 'string', default: defaultCache(process.env) },
    wipe: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const say = (line: string) => void process.stderr.write(`${line}\n`);

type Command = (stack: Stack, servers: readonly StackServer[], named: boolean) => Promise<number>;

const commands: Record<string, Command> = {
  async up(stack, servers) {
    await bringUp(stack, servers, say);
    return tell(stack, servers);
  },
  async down({ places: { state } }, servers, named) {
    const supervisor = new Supervisor(state);
    await Promise.all(servers.map(async (server) => (await supervisor.stop(server)) && say(`${server.name}: stopped`)));
    if (values.wipe && named) say('only the whole stack can be wiped');
    else if (values.wipe) await rm(state, { recursive: true, force: true });
    return 0;
  },
  status: tell,
  async install({ places: { cache } }, servers) {
    const packages = servers.flatMap((server) => server.package ?? []);
    await installAll(cache, packages, say);
    return 0;
  },
};

async function tell({ places: { state } }: Stack, servers: readonly StackServer[]): Promise<number> {
  const statuses = await statusOf(servers, state);
  const document = { version: 1, state, servers: statuses };
  process.stdout.write(values.json ? `${JSON.stringify(document, null, 2)}\n` : `${tableOf(statuses)}\n`);
  return statuses.every(({ ready }) => ready) ? 0 : 1;
}

async function placesOf(): Promise<Places> {
  const state = resolve(values.state);
  const basePort = Number(values['base-port'] ?? (await readDescription(state))?.basePort ?? defaultBasePort);
  if (!Number.isInteger(basePort) || basePort < 1024 || basePort > 65_000)
    throw new RangeError('--base-port is a whole number from 1024 to 65000');
  return { state, cache: resolve(values.cache), basePort };
}

async function main([name = '', ...wanted]: string[]): Promise<number> {
  const unknown = wanted.filter((part) => !(part in parts));
  if (unknown.length > 0) say(`no such part: ${unknown.join(', ')}`);
  const command = commands[name];
  if (values.help || !command || unknown.length > 0) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const stack = openStack(await placesOf());
  const named = wanted.length > 0;
  return command(stack, serversOf(stack, named ? wanted : undefined), named);
}

process.exitCode = await main(positionals).catch((caught: unknown) => {
  say((caught as Error).message);
  return 1;
});
