// Runs a hunt in full, or goes on where it was interrupted. `npm run campaign -- --help`
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { progressBar } from '@medshare/app/terminal/progress-bar';
import { nothing, together, type Campaign, type Outcome } from './campaign.js';
import { campaigns } from './campaigns.js';

const usage = `npm run campaign <name> -- [options]
Hunts for defects, resumable: interrupted, the same command goes on where it stopped. Ends with 1 if it found something.
With --write it goes on elsewhere too, from what docs/measured/<name>.json holds; each run is named in it.

${campaigns.map(({ name, units, about }) => `  ${name.padEnd(12)} ${units.toLocaleString('en')} ${about}`).join('\n')}

  --units <n>   how many instead
  --stop <n>    after so many of them, and leaves the rest for another time
  --seed <n>    of all choices (1); the same seed and unit are the same input
  --write       keeps its progress, and in the end the result, in docs/measured/<name>.json
  --anew        forgets what an interrupted run had done
  --help        this text

  npm run campaign parsers -- --units 50000 --seed 7
  npm run campaign kill -- --write
`;

/** Where and when parts of a hunt were done. */
interface Run {
  readonly commit: string;
  readonly machine: string;
  /** units [from, to) */
  readonly from: number;
  to: number;
  seconds: number;
  /** processes that ran or waited to, on average, in the run's last minute */
  load: number;
}

/** What is kept between runs, and is the result when all units are done. */
interface Progress {
  readonly version: 2;
  readonly campaign: string;
  readonly command: string;
  readonly seed: number;
  readonly units: number;
  done: number;
  readonly runs: Run[];
  outcome: Outcome;
}

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();

interface Options {
  readonly campaign: Campaign;
  readonly seed: number;
  readonly units: number;
  readonly stop: number;
  readonly write: boolean;
  readonly anew: boolean;
}

function readOptions(): Options | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      units: { type: 'string' },
      stop: { type: 'string' },
      seed: { type: 'string', default: '1' },
      write: { type: 'boolean', default: false },
      anew: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const campaign = campaigns.find(({ name }) => name === positionals[0]);
  if (values.help || !campaign) {
    process.stdout.write(usage);
    process.exitCode = values.help ? 0 : 2;
    return undefined;
  }
  const [units, seed] = [Number(values.units ?? campaign.units), Number(values.seed)];
  const stop = Number(values.stop ?? units);
  for (const [name, value] of Object.entries({ units, stop, seed }))
    if (!Number.isSafeInteger(value) || value < 1 || value > 2 ** 31 - 1)
      throw new RangeError(`--${name} is a whole number from 1 to ${2 ** 31 - 1}`);
  return { campaign, seed, units, stop: Math.min(stop, units), write: values.write, anew: values.anew };
}

/** What was done before, if it is of the same hunt, and unfinished; what is not written down for others, only at the same commit. */
async function begun(file: string, wanted: Progress, commit: string, anywhere: boolean): Promise<Progress> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const kept = text === undefined ? undefined : (JSON.parse(text) as Progress);
  const same = kept?.version === 2 && kept.seed === wanted.seed && kept.units === wanted.units;
  const here = anywhere || kept?.runs.at(-1)?.commit === commit;
  return same && here && kept.done < kept.units ? kept : wanted;
}

async function keep(file: string, progress: Progress): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(progress, null, 2)}\n`);
  await rename(`${file}.new`, file);
}

async function hunt({ campaign, seed, units, stop, write, anew }: Options): Promise<void> {
  const changes = git('status', '--porcelain', '-uno', '--', ':!docs/measured') ? ' with changes' : '';
  const commit = `${git('rev-parse', 'HEAD')}${changes}`;
  const folder = write ? 'docs/measured' : '.campaigns';
  const file = `${folder}/${campaign.name}.json`;
  await mkdir(folder, { recursive: true });
  if (anew) await rm(file, { force: true });
  const size = units === campaign.units ? '' : ` --units ${units}`;
  const command = `npm run campaign ${campaign.name} -- --seed ${seed}${size}`;
  const common = { version: 2, campaign: campaign.name, command, seed, units } as const;
  const progress = await begun(file, { ...common, done: 0, runs: [], outcome: nothing }, commit, write);
  if (progress.done > 0) process.stderr.write(`goes on at ${progress.done} of ${units}\n`);
  const run: Run = { commit, machine: machine(), from: progress.done, to: progress.done, seconds: 0, load: 0 };
  const began = performance.now();
  const show = (done: number) => {
    if (!process.stderr.isTTY) return;
    const refused = progress.outcome.findings.length;
    const elapsedMs = performance.now() - began;
    const bar = progressBar({ done: done - run.from, total: stop - run.from, refused, elapsedMs }, 78);
    process.stderr.write(`\r${bar}`);
  };
  while (progress.done < stop) {
    const [from, to] = [progress.done, Math.min(stop, progress.done + campaign.part)];
    const onProgress = (done: number) => show(from + done);
    progress.outcome = together(
      progress.outcome,
      await campaign.run({ seed, from, to, last: to === stop, onProgress }),
    );
    if (run.to === run.from) progress.runs.push(run);
    progress.done = run.to = to;
    run.seconds = Math.round((performance.now() - began) / 1000);
    run.load = Number(loadavg()[0]?.toFixed(2));
    await keep(file, progress);
    if (!process.stderr.isTTY) process.stderr.write(`${to}/${units}  ${progress.outcome.findings.length} findings\n`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  tell(progress);
  if (!write && progress.done === units) await rm(file);
}

function machine(): string {
  const [{ model } = { model: 'unknown' }] = cpus();
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 1e9)} GB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

function tell({ campaign, units, done, runs, outcome }: Progress): void {
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  for (const { unit, what, detail } of outcome.findings) process.stdout.write(`${what} at ${unit}: ${detail}\n`);
  process.stdout.write(`${JSON.stringify({ ...outcome.counts, ...outcome.peaks })}\n`);
  process.stdout.write(`${campaign}: ${done} of ${units} in ${seconds} s, ${outcome.findings.length} findings\n`);
  if (outcome.findings.length > 0) process.exitCode = 1;
}

const options = readOptions();
if (options) await hunt(options);
