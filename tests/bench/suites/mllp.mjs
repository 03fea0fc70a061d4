import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortBase, startDemo } from '../demo.mjs';
import { figure, median } from '../figures.mjs';
import { messagesOf } from '../messages.mjs';
import { burst } from '../mllp.mjs';
import { mavenPeer } from '../peers.mjs';
import { plainInserts } from '../plain.mjs';
import { cpuSeconds } from '../processes.mjs';
import { Store } from '../store.mjs';

const connections = 8;

/** Starts a server that says `listening`; @returns its port, id and end */
async function serve(command, args, port) {
  const child = spawn(command, [...args, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${command} ended`)));
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => undefined);
  return { port, pid: child.pid, stop: async () => void (child.kill(), await ended.catch(() => undefined)) };
}

async function startPeers() {
  const base = await freePortBase();
  const peers = {};
  const classes = await mavenPeer('tests/bench/mllp-peers/pom.xml', 'hapi-2.6.0');
  if (classes) peers.hapi = await serve('java', ['-cp', classes, 'tests/bench/mllp-peers/HapiServer.java'], base + 101);
  peers.medplum = await serve(process.execPath, ['tests/bench/mllp-peers/medplum-server.mjs'], base + 111);
  return peers;
}

const promises = {
  medshare: 'checked, duplicates found, durable (fsync), its events too',
  hapi: "HAPI's server: parsed and validated, in memory only",
  medplum: '@medplum/hl7: parsed, in memory only',
};

/** Acknowledgements a second on the same messages; what each promises with its ACK stands beside it. */
export async function measure({ short, seed }) {
  const data = await mkdtemp(join(tmpdir(), 'medshare-bench-'));
  await chmod(data, 0o755);
  const demo = await startDemo(data, await freePortBase());
  const store = await Store.of(data);
  const peers = await startPeers();
  const servers = { medshare: { port: demo.mllpPort, pid: demo.pid }, ...peers };
  const found = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  const messageOf = messagesOf(seed);
  const count = short ? 160 : 480;
  let from = 0;
  try {
    for (let round = 0; round < (short ? 2 : 4); round += 1) {
      const plain = await plainInserts({ url: store.url, connections, count: 2 * count, messageOf });
      for (const [name, { port, pid }] of Object.entries(servers)) {
        const before = cpuSeconds(pid);
        const seconds = await burst({ port, connections, inFlight: 1, from, count, messageOf }).catch((cause) => {
          throw new Error(`${name}, round ${round}: ${cause.message}`, { cause });
        });
        const after = cpuSeconds(pid);
        const cpuMs = before && after && ((after.all - before.all) * 1000) / count;
        // the first round warms up
        if (round > 0) found[name].push({ perSecond: count / seconds, cpuMs, plain });
        if (name !== 'medshare') continue;
        await store.untilAnchored(from + count);
        await store.untilQuiet();
      }
      from += count;
    }
  } finally {
    await Promise.all(Object.values(peers).map((peer) => peer.stop()));
    await store.close();
    await demo.stop();
    await rm(data, { recursive: true, force: true });
  }
  const figures = Object.entries(found).map(([name, rounds]) =>
    figure(`${name} acknowledges, ${connections} connections`, '/s', median(rounds.map((one) => one.perSecond)), {
      peer: median(rounds.map(({ plain }) => plain)),
      peerName: 'plain inserts/s',
      ratio: median(rounds.map(({ perSecond, plain }) => perSecond / plain)),
      aim: promises[name],
    }),
  );
  for (const [name, rounds] of Object.entries(found))
    if (rounds[0].cpuMs !== undefined)
      figures.push(figure(`  CPU of one at ${name}`, 'ms', median(rounds.map(({ cpuMs }) => cpuMs))));
  return { figures, promises };
}
