import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortBase, startDemo } from '../demo.mjs';
import { figure, median } from '../figures.mjs';
import { messagesOf } from '../messages.mjs';
import { burst } from '../mllp.mjs';
import { cpuSeconds } from '../processes.mjs';
import { Store } from '../store.mjs';

const warmUp = 40;
const say = (text) => process.stderr.write(`${text}\n`);

/** Counts spans and bytes that exporters send. */
async function collector() {
  const got = { spans: 0, bytes: 0 };
  const server = createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces);
      got.bytes += body.length;
      const { resourceSpans } = JSON.parse(body.toString());
      got.spans += resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)).length;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    got,
    endpoint: `http://127.0.0.1:${server.address().port}/v1/traces`,
    close: () => (server.closeAllConnections(), server.close()),
  };
}

/** CPU-ms of Node a record, from the socket until nothing is left to do anywhere, one figure a round. */
async function perRecord(options, records, env) {
  const data = await mkdtemp(join(tmpdir(), 'medshare-bench-'));
  await chmod(data, 0o755);
  const demo = await startDemo(data, await freePortBase(), [], env);
  const store = await Store.of(data);
  const messageOf = messagesOf(options.seed);
  let sent = await store.anchored();
  const send = async (count) => {
    const before = cpuSeconds(demo.pid).own;
    await burst({ port: demo.mllpPort, connections: 4, inFlight: 8, from: sent, count, messageOf });
    sent += count;
    await store.untilAnchored(sent);
    await store.untilQuiet();
    return ((cpuSeconds(demo.pid).own - before) * 1000) / count;
  };
  try {
    await send(warmUp);
    const found = [];
    for (let round = 0; round < options.rounds; round += 1) found.push(await send(records));
    return { median: median(found), sent: warmUp + records * options.rounds };
  } finally {
    await store.close();
    await demo.stop();
    await rm(data, { recursive: true, force: true });
  }
}

/** CPU-µs that a step costs while tracing is off, beside the same work without a step. */
async function offStep() {
  const { traced } = await import('../../../libs/telemetry/dist/index.js');
  const work = () => Promise.resolve(1);
  const place = { institution: 'harbor', role: 'ingest' };
  const n = 200_000;
  const microseconds = async (run) => {
    const before = process.cpuUsage();
    for (let i = 0; i < n; i += 1) await run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / n;
  };
  const rounds = [];
  for (let round = 0; round < 7; round += 1)
    rounds.push({ bare: await microseconds(work), off: await microseconds(() => traced('receive', place, {}, work)) });
  return { bare: median(rounds.map(({ bare }) => bare)), off: median(rounds.map(({ off }) => off)) };
}

/** What traces cost: a record with tracing off and on, and a step that nobody records. */
export async function measure(options) {
  const records = options.short ? 100 : 300;
  const step = await offStep();
  say(`${records} records, tracing off`);
  const off = await perRecord(options, records, {});
  const to = await collector();
  say(`${records} records, tracing on`);
  const on = await perRecord(options, records, { MEDSHARE_TELEMETRY__ENDPOINT: to.endpoint });
  to.close();
  const spans = to.got.spans / on.sent;
  return {
    figures: [
      figure('CPU of Node a record, tracing off', 'ms', off.median),
      figure('  tracing on, every trace kept', 'ms', on.median, { peer: off.median, peerName: 'off' }),
      figure('spans a record, all institutions', '', spans),
      figure('bytes to the collector a record', 'B', to.got.bytes / on.sent),
      figure('a step while tracing is off', 'µs', step.off, { peer: step.bare, peerName: 'without it' }),
      figure('all steps of a record while tracing is off', 'ms', (Math.max(0, step.off - step.bare) * spans) / 1000),
    ],
  };
}
