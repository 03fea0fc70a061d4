import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A test that failed on a seed. */
export interface Broken {
  /** file and name of the test */
  readonly test: string;
  /** what fast-check tells: seed, path and counterexample; else how the failure begins */
  readonly detail: string;
}

export interface Tried {
  readonly passed: number;
  readonly broken: readonly Broken[];
}

interface TryOptions {
  readonly seed: number;
  /** cases of each property that does not say itself how many */
  readonly runs: number;
  /** pattern of the specs' paths; all that state properties when left out */
  readonly only?: string;
}

/** What is read of jest's report (`--json`). */
interface Report {
  testResults: {
    name: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

/** Longest run on one seed, ms. */
const patience = 3600_000;

/**
 * Runs the specs that state properties, on a seed.
 * @throws when jest itself fails
 */
export async function tryProperties({ seed, runs, only = '\\.spec\\.ts$' }: TryOptions): Promise<Tried> {
  const folder = await mkdtemp('.campaigns/properties-');
  const report = join(folder, 'report.json');
  const config = 'tests/campaigns/properties/jest.config.mjs';
  try {
    await jest(['--config', config, '--maxWorkers=2', '--testPathPatterns', only, '--json', `--outputFile=${report}`], {
      MEDSHARE_PROPERTY_SEED: String(seed),
      MEDSHARE_PROPERTY_RUNS: String(runs),
    });
    return read(JSON.parse(await readFile(report, 'utf8')) as Report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const jest = (args: string[], settings: NodeJS.ProcessEnv): Promise<void> =>
  new Promise((resolve, reject) => {
    // a jest that runs this must not lead the one that is started
    const { JEST_WORKER_ID: _, NODE_OPTIONS: __, ...env } = process.env;
    execFile(
      process.execPath,
      ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...args],
      { timeout: patience, maxBuffer: 64 * 1024 * 1024, env: { ...env, ...settings } },
      (failed, stdout, stderr) =>
        // 1: tests failed, which its report tells
        failed && failed.code !== 1
          ? reject(new Error(`${failed.message}\n${(stdout + stderr).slice(-3_000)}`))
          : resolve(),
    );
  });

function read({ testResults }: Report): Tried {
  const broken: Broken[] = [];
  let passed = 0;
  for (const { name, message, assertionResults } of testResults) {
    const file = name.slice(process.cwd().length + 1);
    if (assertionResults.length === 0) broken.push({ test: file, detail: begin(message) });
    for (const { fullName, status, failureMessages } of assertionResults)
      if (status === 'passed') passed += 1;
      else broken.push({ test: `${file} ${fullName}`, detail: begin(failureMessages[0] ?? status) });
  }
  return { passed, broken };
}

const begin = (message: string): string => message.split('\n').slice(0, 4).join(' ').slice(0, 600);
