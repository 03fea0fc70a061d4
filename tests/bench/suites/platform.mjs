import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortBase, startDemo } from '../demo.mjs';
import { figure, median } from '../figures.mjs';
import { acknowledgements, cost, costFigures, latency, yardstick } from '../measures.mjs';
import { messagesOf } from '../messages.mjs';
import { memory } from '../processes.mjs';
import { Store } from '../store.mjs';

const MB = 1e6;
const warmUp = 40;
const say = (text) => process.stderr.write(`${text}\n`);

async function starts(data, portBase) {
  const first = await startDemo(data, portBase);
  await first.stop();
  const later = await startDemo(data, portBase);
  return {
    demo: later,
    figures: [
      figure('first start', 's', first.seconds, { aim: '≤ 20' }),
      figure('later start', 's', later.seconds, { aim: '≤ 8' }),
    ],
  };
}

function memoryFigures(pid, when) {
  const found = memory(pid);
  if (!found) return [];
  return [
    figure(`memory of all ${found.count} processes, ${when}`, 'MB', found.resident / MB, { aim: '≤ 900' }),
    figure('  of it Node', 'MB', found.own / MB),
  ];
}

async function measureIn(data, options) {
  say('starting twice');
  const { demo, figures } = await starts(data, await freePortBase());
  const store = await Store.of(data);
  const run = { demo, store, messageOf: messagesOf(options.seed), sent: await store.anchored() };
  try {
    figures.push(...memoryFigures(demo.pid, 'idle'));
    say('warming up');
    await cost(run, { records: warmUp });
    const signature = yardstick();
    say(`${options.records} records`);
    const spent = await cost(run, options);
    figures.push(...costFigures(spent, signature));
    say(`${options.timed} records one by one`);
    const rate = median(spent.slices.map((slice) => slice.recordsPerSecond));
    figures.push(...(await latency(run, options, rate / 4)));
    say(`${options.rounds} rounds of acknowledgements`);
    figures.push(...(await acknowledgements(run, options)));
    figures.push(...memoryFigures(demo.pid, `after ${run.sent} records`));
    return { figures, slices: spent.slices };
  } finally {
    await store.close();
    await demo.stop();
  }
}

/** The built product: starts, memory, the cost and the way of a record, acknowledgements. */
export async function measure(options) {
  const data = await mkdtemp(join(tmpdir(), 'medshare-bench-'));
  // the database server runs as another user
  await chmod(data, 0o755);
  try {
    return await measureIn(data, options);
  } finally {
    if (options.keep) say(`kept: ${data}`);
    else await rm(data, { recursive: true, force: true });
  }
}
