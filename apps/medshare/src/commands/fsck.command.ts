import type { Command } from 'commander';
import { loadConfig, type Config } from '../config.js';
import type { InstitutionFinding } from '../run/fsck.js';
import { progressBar } from '../terminal/progress-bar.js';
import { table } from '../terminal/table.js';
import { dataFolder } from './data-folder.js';
import { borrowDatabases, type BorrowedDatabases } from '../run/open-database.js';
import { openDemoConfigs } from './demo-configs.js';
import { placeOf, readDemo } from './demo-file.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options {
  config?: string;
  data?: string;
  institution?: string;
}

export function addFsck(program: Command, run: Run): void {
  addCommand(
    program,
    'fsck',
    'Walk tables, blobs, chain and log, and name whatever does not agree. Reads only; the institution may run.',
    ['medshare fsck', 'medshare fsck --institution harbor', 'medshare fsck --config /etc/medshare/harbor.yaml --json'],
  )
    .option('--config <file>', 'one institution’s configuration, instead of a demo')
    .option('--data <folder>', "the demo's data folder (default: the user's data directory)")
    .option('--institution <id>', 'one institution of the demo (default: all)')
    .action((options: Options, self: Command) => run(self, (within) => check(options, within)));
}

async function check(options: Options, within: Surroundings): Promise<Outcome> {
  const { configs, close } = await configsOf(options, within.env);
  try {
    const findings = await walk(configs, within);
    const document = { clean: findings.length === 0, findings };
    return { document, text: textOf(findings, within.terminal.columns), refused: findings.length > 0 };
  } finally {
    await close();
  }
}

async function walk(configs: readonly Config[], { terminal, stop }: Surroundings): Promise<InstitutionFinding[]> {
  const { fsck } = await import('../run/fsck.js');
  const findings: InstitutionFinding[] = [];
  for (const config of configs) {
    terminal.progress(`${config.institution}: checking`);
    let [walking, began, before] = ['', 0, performance.now()];
    const onWalked = (store: string, done: number, total: number): void => {
      stop.throwIfAborted();
      // a walk begins where the one before it ended
      if (store !== walking) [walking, began] = [store, before];
      before = performance.now();
      const found = findings.length > 0 ? `, ${findings.length} found` : '';
      const words = `${config.institution}, ${store}${found}: `;
      const state = { done, total, refused: 0, elapsedMs: before - began };
      terminal.progress(`${words}${progressBar(state, terminal.columns - words.length)}`);
    };
    for await (const finding of fsck(config, onWalked)) {
      stop.throwIfAborted();
      findings.push(finding);
    }
  }
  return findings;
}

async function configsOf({ config, data, institution }: Options, env: Surroundings['env']): Promise<BorrowedDatabases> {
  if (config !== undefined) {
    const one = loadConfig(config, env);
    return borrowDatabases(one.data, [one]);
  }
  const folder = dataFolder(data, env);
  const demo = await readDemo(folder);
  const chosen = institution === undefined ? demo.institutions : [placeOf(demo, institution)];
  const ids = chosen.map(({ id }) => id);
  return openDemoConfigs(folder, ids, env);
}

function textOf(findings: readonly InstitutionFinding[], columns: number): string {
  if (findings.length === 0) return 'Everything agrees.';
  const rows = findings.map((each) => [each.institution, each.store, each.problem, each.id, each.detail]);
  return table([['institution', 'stores', 'problem', 'id', 'detail'], ...rows], { columns, indent: 0 });
}
