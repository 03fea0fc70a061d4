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

${campaigns.map(({ name, units, about }) => `  ${name.padEnd(12)} ${units.toLocaleString('en')} ${about}`).join('\n')}

  --units <n>   how many instead
  --seed <n>    of all choices (1); the same seed and unit are the same input
  --write       writes docs/measured/<name>.json
  --anew        forgets what an interrupted run had done
  --help        this text

  npm run campaign parsers -- --units 50000 --seed 7
  npm run campaign kill -- --write
`;

/** What is kept between runs. */
interface Progress {
  readonly commit: string;
  readonly seed: number;
  readonly units: number;
  done: number;
  seconds: number;
  outcome: Outcome;
}

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();

function readOptions(): { campaign: Campaign; seed: number; units: number; write: boolean; anew: boolean } | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      units: { type: 'string' },
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
  for (const [name, value] of Object.entries({ units, seed }))
    if (!Number.isSafeInteger(value) || value < 1 || value > 2 ** 31 - 1)
      throw new RangeError(`--${name} is a whole number from 1 to ${2 ** 31 - 1}`);
  return { campaign, seed, units, write: values.write, anew: values.anew };
}

async function begun(file: string, wanted: Pick<Progress, 'commit' | 'seed' | 'units'>): Promise<Progress> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const kept = text === undefined ? undefined : (JSON.parse(text) as Progress);
  const same = kept && kept.commit === wanted.commit && kept.seed === wanted.seed && kept.units === wanted.units;
  return same ? kept : { ...wanted, done: 0, seconds: 0, outcome: nothing };
}

async function keep(file: string, progress: Progress): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(progress));
  await rename(`${file}.new`, file);
}

async function hunt({
  campaign,
  seed,
  units,
  write,
  anew,
}: NonNullable<ReturnType<typeof readOptions>>): Promise<void> {
  const changes = git('status', '--porcelain', '-uno') ? ' with changes' : '';
  const commit = `${git('rev-parse', 'HEAD')}${changes}`;
  const file = `.campaigns/${campaign.name}.json`;
  await mkdir('.campaigns', { recursive: true });
  if (anew) await rm(file, { force: true });
  const progress = await begun(file, { commit, seed, units });
  if (progress.done > 0) process.stderr.write(`goes on at ${progress.done} of ${units}\n`);
  const before = performance.now() - progress.seconds * 1000;
  const show = (done: number) => {
    if (!process.stderr.isTTY) return;
    const refused = progress.outcome.findings.length;
    process.stderr.write(
      `\r${progressBar({ done, total: units, refused, elapsedMs: performance.now() - before }, 78)}`,
    );
  };
  while (progress.done < units) {
    const to = Math.min(units, progress.done + campaign.part);
    const onProgress = (done: number) => show(progress.done + done);
    progress.outcome = together(progress.outcome, await campaign.run({ seed, from: progress.done, to, onProgress }));
    progress.done = to;
    progress.seconds = Math.round((performance.now() - before) / 1000);
    await keep(file, progress);
    if (!process.stderr.isTTY) process.stderr.write(`${to}/${units}  ${progress.outcome.findings.length} findings\n`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  await report(campaign, progress, write);
  await rm(file);
}

async function report(
  campaign: Campaign,
  { commit, seed, units, seconds, outcome }: Progress,
  write: boolean,
): Promise<void> {
  const [{ model } = { model: 'unknown' }] = cpus();
  const machine = `${cpus().length} × ${model}, ${Math.round(totalmem() / 1e9)} GB, ${process.platform} ${process.arch}, Node ${process.version}`;
  const size = units === campaign.units ? '' : ` --units ${units}`;
  const command = `npm run campaign ${campaign.name} -- --seed ${seed}${size}`;
  const result = {
    version: 1,
    campaign: campaign.name,
    commit,
    machine,
    load: Number(loadavg()[0]?.toFixed(2)),
    seed,
    command,
    units,
    seconds,
    ...outcome,
  };
  for (const { unit, what, detail } of outcome.findings) process.stdout.write(`${what} at ${unit}: ${detail}\n`);
  process.stdout.write(`${JSON.stringify({ ...outcome.counts, ...outcome.peaks })}\n`);
  process.stdout.write(`${campaign.name}: ${units} in ${seconds} s, ${outcome.findings.length} findings\n`);
  if (write) {
    await mkdir('docs/measured', { recursive: true });
    await writeFile(`docs/measured/${campaign.name}.json`, `${JSON.stringify(result, null, 2)}\n`);
  }
  if (outcome.findings.length > 0) process.exitCode = 1;
}

const options = readOptions();
if (options) await hunt(options);
