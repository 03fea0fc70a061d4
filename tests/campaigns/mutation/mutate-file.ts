import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** A change of the source that no test noticed. */
export interface Survivor {
  readonly file: string;
  readonly line: number;
  readonly mutator: string;
  readonly replacement: string;
}

export interface Mutated {
  /** mutants that a test noticed by failing */
  readonly killed: number;
  /** mutants under which a test never ended */
  readonly timedOut: number;
  readonly survivors: readonly Survivor[];
}

/** The part of the mutation testing report schema that is read (https://github.com/stryker-mutator/mutation-testing-elements). */
interface Report {
  files: Record<
    string,
    { mutants: { status: string; mutatorName: string; replacement?: string; location: { start: { line: number } } }[] }
  >;
}

/** Longest run on one file, ms. */
const patience = 3 * 3600_000;
const base = {
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules'],
  jest: { configFile: 'tests/campaigns/mutation/jest.config.mjs', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  ignorePatterns: ['/docs', '/deploy', '/.campaigns', '**/dist', '**/node_modules'],
  reporters: ['json'],
  // a machine that is busy with other work must not make a mutant look like an endless loop
  timeoutMS: 20_000,
  // constants that are texts for people, and log lines, change nothing that is decided
  mutator: { excludedMutations: ['StringLiteral'] },
};

interface MutateOptions {
  readonly lines?: { readonly from: number; readonly to: number };
  /** mutants tried at a time; one a core when left out */
  readonly concurrency?: number;
}

/**
 * Runs the unit tests against every mutant of a file, or of its lines from–to.
 * @throws when the tests fail without any mutant, or the runner does
 */
export async function mutateFile(
  file: string,
  { lines, concurrency = availableParallelism() }: MutateOptions = {},
): Promise<Mutated> {
  const folder = await mkdtemp('.campaigns/stryker-');
  const report = join(folder, 'report.json');
  const config = join(folder, 'stryker.config.json');
  const mutate = [lines ? `${file}:${lines.from}-${lines.to}` : file];
  await writeFile(
    config,
    JSON.stringify({
      ...base,
      concurrency,
      mutate,
      tempDirName: join(folder, 'sandbox'),
      jsonReporter: { fileName: report },
    }),
  );
  try {
    await run(['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', config]);
    return read(JSON.parse(await readFile(report, 'utf8')) as Report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const run = (args: string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    // a jest that runs this must not lead the one that is started
    const { JEST_WORKER_ID: _, NODE_OPTIONS: __, ...env } = process.env;
    execFile(
      process.execPath,
      args,
      { timeout: patience, maxBuffer: 64 * 1024 * 1024, env },
      (failed, stdout, stderr) =>
        failed ? reject(new Error(`${failed.message}\n${(stdout + stderr).slice(-3_000)}`)) : resolve(),
    );
  });

function read({ files }: Report): Mutated {
  const survivors: Survivor[] = [];
  let [killed, timedOut] = [0, 0];
  for (const [file, { mutants }] of Object.entries(files))
    for (const { status, mutatorName, replacement = '', location } of mutants) {
      if (status === 'Killed') killed += 1;
      if (status === 'Timeout') timedOut += 1;
      if (status === 'Survived' || status === 'NoCoverage')
        survivors.push({
          file,
          line: location.start.line,
          mutator: mutatorName,
          replacement: replacement.slice(0, 120),
        });
    }
  return { killed, timedOut, survivors };
}
