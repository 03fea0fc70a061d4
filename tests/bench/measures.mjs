import { setTimeout as sleep } from 'node:timers/promises';
import { sign, generateKeyPairSync } from 'node:crypto';
import { figure, median, quantile } from './figures.mjs';
import { burst, MllpSender } from './mllp.mjs';
import { plainInserts } from './plain.mjs';
import { cpuSeconds } from './processes.mjs';

const connections = 8;
const windows = [1, 8, 32];
/** Plain inserts of a round: enough to last a good part of a second. */
const plainCount = 2000;

/** Sends records and waits until all are anchored. */
export async function throughAll(run, count, inFlight) {
  const { demo, store, messageOf } = run;
  const began = performance.now();
  const port = demo.mllpPort;
  const seconds = await burst({ port, connections, inFlight, from: run.sent, count, messageOf });
  run.sent += count;
  await store.untilAnchored(run.sent);
  return { acksPerSecond: count / seconds, recordsPerSecond: (count * 1000) / (performance.now() - began) };
}

/** Acknowledgements against the peer, alternating; whatever a burst leaves behind is done before the next. */
export async function acknowledgements(run, { rounds, burst: count }) {
  const found = new Map(windows.map((window) => [window, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const window of windows) {
      const { store, messageOf } = run;
      const plain = await plainInserts({ url: store.url, connections, count: plainCount, messageOf });
      const { acksPerSecond } = await throughAll(run, count, window);
      found.get(window).push({ plain, acksPerSecond });
      await run.store.untilQuiet();
    }
  }
  return windows.map((window) => {
    const pairs = found.get(window);
    return figure(
      `acknowledged, ${connections} connections, ${window} in flight`,
      '/s',
      median(pairs.map((p) => p.acksPerSecond)),
      {
        peer: median(pairs.map((p) => p.plain)),
        peerName: 'plain inserts/s',
        ratio: median(pairs.map((p) => p.acksPerSecond / p.plain)),
        aim: '≥ 0.5 of plain',
      },
    );
  });
}

/** From the sender's clock at the send until the database shows the record anchored, at a rate that leaves the machine room. */
export async function latency(run, { timed }, perSecond) {
  const sender = await MllpSender.to(run.demo.mllpPort);
  const first = run.sent;
  const sentAt = [];
  const took = new Map();
  let done = false;
  const sending = (async () => {
    const began = performance.now();
    for (let i = 0; i < timed; i += 1) {
      await sleep(Math.max(0, began + (i * 1000) / perSecond - performance.now()));
      sentAt[i] = performance.now();
      await sender.send(run.messageOf(first + i));
    }
    await sender.settle();
    done = true;
  })();
  while (took.size < timed) {
    const seen = await run.store.anchoredFrom(first);
    const now = performance.now();
    for (const n of seen) if (!took.has(n)) took.set(n, now - sentAt[n - first]);
    await sleep(5);
  }
  await sending;
  if (!done) throw new Error('not all were sent');
  run.sent += timed;
  sender.close();
  const beside = `at ${Number(perSecond.toPrecision(2))}/s`;
  return [0.5, 0.99].map((q) =>
    figure(`socket to anchor, p${q * 100}, ${beside}`, 'ms', quantile([...took.values()], q)),
  );
}

/** CPU ms of one P-256 signature: what a machine's second is worth. */
export function yardstick() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rounds = Array.from({ length: 5 }, () => {
    const began = process.cpuUsage();
    for (let n = 0; n < 1000; n += 1) sign('sha256', Buffer.alloc(32, n), privateKey);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  });
  return median(rounds);
}

/** The cost of one record in equal slices: flat means that the last one costs what the first one did. */
export async function cost(run, { records }) {
  const slices = Math.min(10, Math.max(4, Math.round(records / 1000)));
  const each = Math.ceil(records / slices);
  const found = [];
  const before = await run.store.sizes();
  for (let slice = 0; slice < slices; slice += 1) {
    const cpu = cpuSeconds(run.demo.pid);
    const { recordsPerSecond } = await throughAll(run, each, 8);
    await run.store.untilQuiet();
    const after = cpuSeconds(run.demo.pid);
    found.push({
      records: (slice + 1) * each,
      recordsPerSecond,
      cpuMs: cpu && ((after.all - cpu.all) * 1000) / each,
      nodeMs: cpu && ((after.own - cpu.own) * 1000) / each,
    });
  }
  const after = await run.store.sizes();
  return {
    slices: found,
    sizes: { blobs: after.blobs - before.blobs, databases: after.databases - before.databases },
    total: slices * each,
  };
}

export function costFigures({ slices, sizes, total }, signatureMs) {
  const last = slices.at(-1);
  const figures = [figure('sealed and anchored', 'records/s', median(slices.map((s) => s.recordsPerSecond)))];
  if (last.cpuMs !== undefined)
    figures.push(
      figure('cost of a record', 'CPU ms', median(slices.map((s) => s.cpuMs)), {
        peer: signatureMs,
        peerName: 'a P-256 signature',
      }),
      figure('  of it in Node', 'CPU ms', median(slices.map((s) => s.nodeMs))),
      figure(`cost at ${last.records} records`, 'CPU ms', last.cpuMs, {
        peer: slices[0].cpuMs,
        peerName: `at ${slices[0].records}`,
        aim: 'ratio near 1',
      }),
    );
  figures.push(
    figure('blobs of a record', 'bytes', sizes.blobs / total),
    figure('databases of a record, all institutions', 'bytes', sizes.databases / total),
  );
  return figures;
}
