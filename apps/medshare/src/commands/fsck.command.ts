import type { Command } from 'commander';
import { join } from 'node:path';
import { loadConfig } from '../config.js';
import type { InstitutionFinding } from '../run/fsck.js';
import { table } from '../terminal/table.js';
import { dataFolder } from './data-folder.js';
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
    'Walk tables, blobs, chain and log, and name whatever does not agree. Changes nothing; stop writers first, or ' +
      'expect what is under way to be named.',
    ['medshare fsck', 'medshare fsck --institution harbor', 'medshare fsck --config /etc/medshare/harbor.yaml --json'],
  )
    .option('--config <file>', 'one institution’s configuration, instead of a demo')
    .option('--data <folder>', "the demo's data folder (default: the user's data directory)")
    .option('--institution <id>', 'one institution of the demo (default: all)')
    .action((options: Options, self: Command) => run(self, (within) => check(options, within)));
}

async function check(options: Options, { terminal, env, stop }: Surroundings): Promise<Outcome> {
  const files = await configFiles(options, env);
  const { fsck } = await import('../run/fsck.js');
  const findings: InstitutionFinding[] = [];
  for (const file of files) {
    const config = loadConfig(file, env);
    terminal.progress(`${config.institution}: checking`);
    for await (const finding of fsck(config)) {
      findings.push(finding);
      terminal.progress(`${config.institution}: ${findings.length} found`);
      if (stop.aborted) break;
    }
  }
  return {
    document: { clean: findings.length === 0, findings },
    text: textOf(findings, terminal.columns),
    refused: findings.length > 0,
  };
}

async function configFiles({ config, data, institution }: Options, env: Surroundings['env']): Promise<string[]> {
  if (config !== undefined) return [config];
  const folder = dataFolder(data, env);
  const demo = await readDemo(folder);
  const chosen = institution === undefined ? demo.institutions : [placeOf(demo, institution)];
  return chosen.map(({ id }) => join(folder, id, 'config.yaml'));
}

function textOf(findings: readonly InstitutionFinding[], columns: number): string {
  if (findings.length === 0) return 'Everything agrees.';
  const rows = findings.map((each) => [each.institution, each.store, each.problem, each.id, each.detail]);
  return table([['institution', 'stores', 'problem', 'id', 'detail'], ...rows], { columns, indent: 0 });
}
