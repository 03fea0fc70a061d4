// Measures and prints one table. `npm run bench -- --help`
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem, platform, arch } from 'node:os';
import { figure, tableOf } from './figures.mjs';
import { readOptions } from './options.mjs';

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

function circumstances({ seed }) {
  const commit = `${git('rev-parse', 'HEAD')}${git('status', '--porcelain', '-uno', '--', ':!docs/measured') ? ' with changes' : ''}`;
  const [{ model }] = cpus();
  const machine = `${cpus().length} × ${model}, ${Math.round(totalmem() / 1e9)} GB, ${platform()} ${arch()}, Node ${process.version}`;
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
  return { commit, machine, load: loadavg().map((one) => Number(one.toFixed(2))), seed, command };
}

/** Of the bench itself: what its own code and its peers' took, at most. */
const ownMemory = () => figure('memory of the bench itself, at most', 'MB', process.resourceUsage().maxRSS / 1000);

const options = readOptions(process.argv.slice(2));
if (options) {
  const { suite } = options;
  const began = circumstances(options);
  const { measure } = await import(`./suites/${suite}.mjs`);
  const found = await measure(options);
  found.figures.push(ownMemory());
  const loadAfter = circumstances(options).load;
  process.stdout.write(tableOf(found.figures));
  process.stdout.write(`${began.machine}; load ${began.load[0]} before, ${loadAfter[0]} after\n`);
  const json = `${JSON.stringify({ version: 1, suite, ...began, loadAfter, ...found }, null, 2)}\n`;
  if (options.json) await writeFile(options.json, json);
  if (options.write) {
    await mkdir('docs/measured', { recursive: true });
    await writeFile(`docs/measured/${suite === 'platform' ? 'bench' : `bench-${suite}`}.json`, json);
  }
}
