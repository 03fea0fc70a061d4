import { CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram } from './commands/program.js';
import { exitCodes } from './commands/outcome.js';
import { root } from './run/files.js';
import { createTerminal } from './terminal/terminal.js';

/** The command line's process: what it was called with, where it writes, and who may stop it. */
export interface CommandLine {
  /** Arguments after the program's name. */
  args: readonly string[];
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  stop: AbortSignal;
}

/** Runs one command. @returns its exit code: 0 done, 1 refused or failed, 2 wrong usage */
export async function main({ args, stdout, stderr, env, stop }: CommandLine): Promise<number> {
  const terminal = createTerminal({ stdout, stderr, env });
  let exitCode: number = exitCodes.done;
  const program = createProgram({ terminal, env, stop }, versionOf(), (code) => (exitCode = code));
  try {
    if (args.length === 0) program.help({ error: true });
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (caught) {
    // commander has said what is wrong, or has printed the help that was asked for
    if (caught instanceof CommanderError) return caught.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    throw caught;
  }
}

const versionOf = (): string =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
