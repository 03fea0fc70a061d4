import { Option, type Command } from 'commander';
import { playDemo } from '../demo/play.js';
import type { RunningInstitution } from '../run/running.js';
import { table } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';
import { dataFolder } from './data-folder.js';
import { portBaseFor } from './port-base.js';
import { positiveInt } from './option-values.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';
import { describeFailure, problemText } from './describe-failure.js';
import { stopped } from './stopped.js';

interface Options {
  demo?: boolean;
  data?: string;
  portBase?: number;
  separate?: boolean;
  suite?: 'intl' | 'sm';
  play: boolean;
  json?: boolean;
}

export function addUp(program: Command, run: Run): void {
  addCommand(
    program,
    'up',
    'Start the three institutions of region east on this computer and stay up until Ctrl-C: database, bus, ledger, ' +
      'blob store and identity provider included. The first start makes keys, users and passwords in the data folder; ' +
      'later starts find everything again.',
    [
      'medshare up --demo                      # and play the main job on samples/',
      'medshare up --demo --data ./try --port-base 9000',
      'medshare up --demo --separate --no-play # each institution in a process of its own',
    ],
  )
    .option('--demo', 'play the main job on samples/ once everything is up')
    .option('--no-play', 'do not play it')
    .option('--data <folder>', "where everything is kept (default: the user's data directory)")
    .option(
      '--port-base <n>',
      'institution n listens on <n>01 (HTTP), <n>11 (MLLP) and <n>21 (peers) above it (default: 7000)',
      positiveInt(60_000, 1024),
    )
    .addOption(
      new Option(
        '--suite <name>',
        'cryptographic suite of the region, settled at its first start: intl (P-256, SHA-256, AES) or sm (SM2, SM3, SM4); default: intl',
      ).choices(['intl', 'sm']),
    )
    .option('--separate', 'each institution in a process of its own')
    .action((options: Options, self: Command) => run(self, (within) => start(options, within)));
}

const trustNotice =
  'Note: the embedded ledger is one operator’s machine. It shows and tests everything, and trusts that machine; it is not a consortium.';

async function start(options: Options, within: Surroundings): Promise<Outcome> {
  const { terminal, env, stop } = within;
  const data = dataFolder(options.data, env);
  const portBase = portBaseFor(options.portBase, data);
  const began = performance.now();
  const { up } = await import('../run/up.js');
  const running = await up({
    data,
    portBase,
    ...(options.suite && { suite: options.suite }),
    ...(options.separate && { separate: true }),
    onProgress: (step) => progressOf(terminal, `starting: ${step}`),
    onEmbeddedLedger: () => terminal.notice(terminal.style.dim(trustNotice)),
  });
  terminal.progress('');
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const document = {
    data,
    portBase,
    institutions: running.institutions.map(publicPart),
    readyInSeconds: Number(seconds),
  };
  return {
    document,
    text: readyText(running.institutions, data, seconds, terminal),
    after: async () => {
      try {
        if (options.demo && options.play && !stop.aborted) await played(data, within, options.json === true);
        if (!stop.aborted) terminal.notice('Running. Ctrl-C stops it.');
        await stopped(stop);
      } finally {
        terminal.notice('stopping');
        await running.stop();
        terminal.notice('stopped');
      }
    },
  };
}

function progressOf(terminal: Terminal, text: string): void {
  if (terminal.live) terminal.progress(text);
  else terminal.notice(text);
}

/** A demo that fails is told and leaves what was started running. */
async function played(data: string, within: Surroundings, json: boolean): Promise<void> {
  try {
    const summary = await playDemo(data, within);
    if (json) within.terminal.notice(summary);
    else within.terminal.out(summary);
  } catch (caught) {
    within.terminal.progress('');
    if (within.stop.aborted) return;
    within.terminal.notice(`the demo did not come to its end: ${problemText(describeFailure(caught))}`);
    if (within.env['MEDSHARE_CLI_DEBUG'] && caught instanceof Error)
      within.terminal.notice(caught.stack ?? caught.message);
  }
}

const publicPart = ({ id, httpUrl, mllpPort, issuer }: RunningInstitution) => ({ id, httpUrl, mllpPort, issuer });

function readyText(
  institutions: readonly RunningInstitution[],
  data: string,
  seconds: string,
  terminal: Terminal,
): string {
  const rows = institutions.map(({ id, httpUrl, mllpPort }) => [
    id,
    httpUrl,
    mllpPort === undefined ? '-' : `127.0.0.1:${mllpPort}`,
  ]);
  return [
    `${terminal.style.bold('Ready')} in ${seconds} s; everything is kept in ${data}`,
    table([['institution', 'HTTP', 'MLLP'], ...rows], { columns: terminal.columns }),
  ].join('\n');
}
