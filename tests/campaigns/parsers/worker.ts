// Judges a part's inputs in a thread that can be ended: whoever started it sees by `at` whether it still moves.
import { parentPort, workerData } from 'node:worker_threads';
import { Tally, type Finding } from '../campaign.js';
import { Chance } from '../chance.js';
import { judge } from './judge.js';
import { mutant, type Format } from './mutate.js';
import { seedsOf } from './seeds.js';
import { targets } from './targets.js';

export interface Work {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** where it stands: the unit that is being judged */
  readonly at: SharedArrayBuffer;
}

export interface Done {
  readonly counts: Record<string, number>;
  readonly rssMb: number;
  readonly findings: Finding[];
}

const { seed, from, to, at } = workerData as Work;
const where = new Int32Array(at);
const formats = Object.keys(targets) as Format[];
const seeds = Object.fromEntries(formats.map((format) => [format, seedsOf(format)])) as Record<Format, Buffer[]>;
// compiled before it is timed: the first inputs of a thread pay for everything that is loaded late
for (const format of formats) for (const input of seeds[format]) targets[format](input);
const tally = new Tally();
const findings: Finding[] = [];
let rssMb = 0;
for (let unit = from; unit < to; unit += 1) {
  Atomics.store(where, 0, unit);
  const format = formats[unit % formats.length]!;
  const input = mutant(format, seeds[format], new Chance(seed, unit));
  const { outcome, finding } = judge(targets[format], input);
  tally.add(`${format} ${outcome}`);
  if (finding) findings.push({ unit, ...finding, detail: `${format}: ${finding.detail}` });
  if (unit % 500 === 0) rssMb = Math.max(rssMb, Math.round(process.memoryUsage.rss() / 1e6));
}
parentPort?.postMessage({ counts: tally.counts, rssMb, findings } satisfies Done);
