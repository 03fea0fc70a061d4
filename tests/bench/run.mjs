// Measures the built product and prints one table. `npm run bench -- --help`
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem, platform, arch } from 'node:os';
import { join } from 'node:path';
import { freePortBase, startDemo } from './demo.mjs';
import { figure, median, tableOf } from './figures.mjs';
import { acknowledgements, cost, costFigures, latency, yardstick } from './measures.mjs';
import { messagesOf } from './messages.mjs';
import { readOptions } from './options.mjs';
import { memory } from './processes.mjs';
import { Store } from './store.mjs';

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

async function measure(data, options) {
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

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

function circumstances({ seed }) {
  const commit = `${git('rev-parse', 'HEAD')}${git('status', '--porcelain', '-uno') ? ' with changes' : ''}`;
  const [{ model }] = cpus();
  const machine = `${cpus().length} × ${model}, ${Math.round(totalmem() / 1e9)} GB, ${platform()} ${arch()}, Node ${process.version}`;
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
  return { commit, machine, load: loadavg().map((one) => Number(one.toFixed(2))), seed, command };
}

const options = readOptions(process.argv.slice(2));
if (options) {
  const began = circumstances(options);
  const data = await mkdtemp(join(tmpdir(), 'medshare-bench-'));
  // the database server runs as another user
  await chmod(data, 0o755);
  try {
    const found = await measure(data, options);
    const loadAfter = circumstances(options).load;
    process.stdout.write(tableOf(found.figures));
    process.stdout.write(`${began.machine}; load ${began.load[0]} before, ${loadAfter[0]} after\n`);
    const json = `${JSON.stringify({ version: 1, ...began, loadAfter, ...found }, null, 2)}\n`;
    if (options.json) await writeFile(options.json, json);
    if (options.write) {
      await mkdir('docs/measured', { recursive: true });
      await writeFile('docs/measured/bench.json', json);
    }
  } finally {
    if (options.keep) say(`kept: ${data}`);
    else await rm(data, { recursive: true, force: true });
  }
}
