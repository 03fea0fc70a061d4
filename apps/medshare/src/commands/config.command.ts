import type { Command } from 'commander';
import { describeConfig, loadConfig, printConfig, type Config } from '../config.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options {
  config: string;
}

export const configOption = [
  '--config <file>',
  'the institution’s configuration (YAML); MEDSHARE_… of the environment go over it',
] as const;

export function addConfig(program: Command, run: Run): void {
  const group = program.command('config').description('Check, print and explain configuration files.');
  addCommand(group, 'check', 'Validate a configuration. Every mistake is named with its key; no value is printed.', [
    'medshare config check --config /etc/medshare/harbor.yaml',
  ])
    .requiredOption(...configOption)
    .action(({ config }: Options, self: Command) => run(self, (within) => check(config, within)));
  addCommand(
    group,
    'print',
    'Print the configuration in force: file, environment and defaults. Passwords are masked.',
    ['MEDSHARE_LOG__LEVEL=debug medshare config print --config harbor.yaml'],
  )
    .requiredOption(...configOption)
    .action(({ config }: Options, self: Command) => run(self, (within) => print(config, within)));
  addCommand(group, 'docs', 'Explain every key, as a Markdown table made from the schema.', [
    'medshare config docs > configuration.md',
  ]).action((_: object, self: Command) => run(self, () => Promise.resolve(docs())));
}

async function check(file: string, { env }: Surroundings): Promise<Outcome> {
  const { institution, region, roles } = loadConfig(file, env);
  return {
    document: { valid: true, institution, region, roles },
    text: `${file} is valid: ${institution} in ${region}, roles ${roles.join(', ')}`,
  };
}

async function print(file: string, { env }: Surroundings): Promise<Outcome> {
  const config: Config = loadConfig(file, env);
  const text = printConfig(config);
  return { document: { yaml: text }, text: text.trimEnd() };
}

function docs(): Outcome {
  const text = describeConfig();
  return { document: { markdown: text }, text: text.trimEnd() };
}
