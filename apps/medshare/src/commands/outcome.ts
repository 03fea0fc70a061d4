import { Command, CommanderError } from 'commander';
import type { Terminal } from '../terminal/terminal.js';
import { describeFailure, problemDocument, problemText } from './describe-failure.js';

/** What a command comes to. */
export interface Outcome {
  /** With `--json`: the one document on stdout; undefined when the command has printed it. */
  document: unknown;
  /** Without: for people, on stdout. */
  text: string;
  /** Something was refused although the command ran: exit code 1. */
  refused?: boolean;
  /** Runs after the outcome was printed, e.g. until a signal comes. */
  after?: () => Promise<void>;
}

/** What a command is run in. */
export interface Surroundings {
  terminal: Terminal;
  env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C or SIGTERM. */
  stop: AbortSignal;
}

export const exitCodes = { done: 0, refused: 1, usage: 2 } as const;

/** The arguments contradict each other or cannot be understood: exit code 2. */
export class UsageError extends Error {}

const exitText = 'Exit codes: 0 done, 1 refused or failed, 2 wrong usage. Problems are printed as `code: where: text`.';

/** Adds a command with `--json`, examples and exit codes in its help. */
export function addCommand(
  parent: Command,
  nameAndArguments: string,
  description: string,
  examples: string[],
): Command {
  const shown = examples.map((each) => `  $ ${each}`).join('\n');
  return parent
    .command(nameAndArguments)
    .summary(firstSentence(description))
    .description(description)
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', `\nExamples:\n${shown}\n\n${exitText}`);
}

const firstSentence = (text: string): string => text.split(/(?<=\.) |: /)[0]?.replace(/\.$/, '') ?? text;

/** Prints what a command comes to. @returns the exit code */
export async function conclude(
  work: () => Promise<Outcome>,
  { terminal, env, stop }: Surroundings,
  json: boolean,
): Promise<number> {
  try {
    const { document, text, refused, after } = await work();
    terminal.progress('');
    if (json && document !== undefined) terminal.out(JSON.stringify(document, undefined, 2));
    else if (text !== '') terminal.out(text);
    await after?.();
    return refused ? exitCodes.refused : exitCodes.done;
  } catch (caught) {
    terminal.progress('');
    if (stop.aborted && caught === stop.reason) {
      terminal.notice('stopped before the end');
      return exitCodes.refused;
    }
    return fail(caught, terminal, { json, debug: Boolean(env['MEDSHARE_CLI_DEBUG']) });
  }
}

function fail(caught: unknown, terminal: Terminal, { json, debug }: { json: boolean; debug: boolean }): number {
  if (caught instanceof UsageError || caught instanceof CommanderError) {
    terminal.notice(`wrong usage: ${caught.message}`);
    if (json) terminal.out(JSON.stringify({ usage: caught.message }, undefined, 2));
    return exitCodes.usage;
  }
  const failure = describeFailure(caught);
  terminal.notice(problemText(failure));
  if (json) terminal.out(JSON.stringify(problemDocument(failure), undefined, 2));
  if (debug && caught instanceof Error) terminal.notice(traceOf(caught));
  return exitCodes.refused;
}

const traceOf = (caught: Error): string =>
  [
    caught.stack ?? caught.message,
    ...(caught.cause instanceof Error ? [`caused by ${traceOf(caught.cause)}`] : []),
  ].join('\n');
