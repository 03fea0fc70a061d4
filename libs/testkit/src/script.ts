import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const register = new URL('../loader/register.mjs', import.meta.url).href;

export interface ScriptOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** default: output is piped, so that a test can wait for a line */
  readonly stdio?: StdioOptions;
  readonly detached?: boolean;
}

/** Runs a TypeScript (or .mjs) file in a Node process of its own, on the sources; for tests that kill a process. */
export const spawnScript = (
  file: URL | string,
  { args = [], env = {}, stdio = 'pipe', detached = false }: ScriptOptions = {},
): ChildProcess =>
  spawn(
    process.execPath,
    ['--enable-source-maps', '--import', register, file instanceof URL ? fileURLToPath(file) : file, ...args],
    {
      stdio,
      detached,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    },
  );

/** Resolves with the first line of output that matches; rejects, with what was said, when the process ends first. */
export const lineOf = (child: ChildProcess, pattern: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const line = said.split('\n').find((text) => pattern.test(text));
      if (line !== undefined) resolve(line);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code, signal) =>
      reject(new Error(`ended (${code ?? signal}) before ${pattern}: ${said.slice(-2_000)}`)),
    );
  });

/** kill -9, then waits until the process is gone. */
export const killHard = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
};
