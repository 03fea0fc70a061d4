import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePortBase, startDemo } from '../demo.mjs';
import { figure, median } from '../figures.mjs';
import { latency, throughAll } from '../measures.mjs';
import { messagesOf } from '../messages.mjs';
import { burst } from '../mllp.mjs';
import { Store } from '../store.mjs';

const say = (text) => process.stderr.write(`${text}\n`);
const servers = ['postgres', 'keycloak', 'kafka', 'kubo', 's3'];
const inFlight = 8;

async function stack(...words) {
  const args = ['--import', './libs/testkit/loader/register.mjs', 'tests/stack/run.ts', ...words];
  await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 });
}

/** The embedded platform, as a newcomer starts it. */
async function embedded(folder) {
  const demo = await startDemo(folder, await freePortBase());
  return { demo, store: await Store.of(folder) };
}

/** The same with Kafka, Keycloak, PostgreSQL over TLS, IPFS and S3, all on this machine. */
async function onStack(state, portBase) {
  const demo = await startDemo(join(state, 'institutions'), portBase);
  const { postgres, authority } = JSON.parse(await readFile(join(state, 'stack.json'), 'utf8'));
  const url = new URL(postgres.url);
  const ssl = { ca: await readFile(authority, 'utf8') };
  const password = (await readFile(postgres.passwordFile, 'utf8')).trim();
  const connection = { host: url.hostname, port: Number(url.port), user: url.username, password, ssl };
  return { demo, store: await Store.of(state, { ...connection, database: 'medshare_harbor' }) };
}

/** Rounds in turn, so that what else the machine does meets both. */
async function inTurn(runs, { rounds, burst: count, timed }) {
  const rates = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1)
    for (const [name, run] of Object.entries(runs)) {
      say(`${name}, ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
      const { recordsPerSecond } = await throughAll(run, round === 0 ? 80 : count, inFlight);
      if (round > 0) rates[name].push(recordsPerSecond);
      await run.store.untilQuiet();
    }
  const figures = [];
  const ways = {};
  const slowest = Math.min(...Object.values(rates).map(median));
  for (const [name, run] of Object.entries(runs)) {
    say(`${name}, ${timed} records one by one`);
    // the same rate for both, half of what the slower one bears
    ways[name] = await latency(run, { timed }, slowest / 2);
  }
  const beside = { peer: median(rates.embedded), peerName: 'embedded' };
  figures.push(figure('embedded: sealed and anchored', 'records/s', median(rates.embedded)));
  figures.push(
    figure('stack: sealed and anchored', 'records/s', median(rates.stack), {
      ...beside,
      ratio: median(rates.stack.map((rate, i) => rate / rates.embedded[i])),
    }),
  );
  for (const [name, found] of Object.entries(ways))
    for (const [i, one] of found.entries())
      figures.push({
        ...one,
        name: `${name}: ${one.name}`,
        ...(name === 'stack' && {
          peer: ways.embedded[i].value,
          peerName: 'embedded',
          ratio: one.value / ways.embedded[i].value,
        }),
      });
  return figures;
}

/** Each role of one institution as a process of its own, after it did so many messages. */
async function memoryOfRoles(state, count, from) {
  await import('../../../libs/testkit/loader/register.mjs');
  const { RoleProcesses } = await import('../../stack/role-processes.ts');
  const roles = await RoleProcesses.start(join(state, 'institutions'), 'harbor', 1);
  try {
    const messageOf = messagesOf(9);
    await burst({ port: roles.mllpPort, connections: inFlight, inFlight: 1, from, count, messageOf });
    const found = await roles.memory();
    return roles.names().map((name) => figure(`memory of ${name.replace(/-1$/, '')} as a process`, 'MB', found[name]));
  } finally {
    await roles.stop();
  }
}

/** Whatever runs. */
async function stop(runs) {
  for (const [name, { demo, store }] of Object.entries(runs)) {
    delete runs[name];
    await store.close();
    await demo.stop();
  }
}

export async function measure(options) {
  const [folder, state] = [
    await mkdtemp(join(tmpdir(), 'medshare-bench-')),
    await mkdtemp(join(tmpdir(), 'medshare-stack-')),
  ];
  await Promise.all([chmod(folder, 0o755), chmod(state, 0o711)]);
  const portBase = await freePortBase();
  const runs = {};
  try {
    say('the stack comes up');
    await stack('up', ...servers, '--state', state, '--base-port', String(portBase));
    const messageOf = messagesOf(options.seed);
    for (const [name, opens] of [
      ['embedded', () => embedded(folder)],
      ['stack', () => onStack(state, portBase)],
    ]) {
      const opened = await opens();
      runs[name] = { ...opened, messageOf, sent: await opened.store.anchored() };
    }
    const figures = await inTurn(runs, options);
    await stop(runs);
    say('each role as a process');
    figures.push(...(await memoryOfRoles(state, options.burst, 0)));
    return { figures };
  } finally {
    await stop(runs);
    await stack('down', '--wipe', '--state', state);
    await rm(folder, { recursive: true, force: true });
  }
}
