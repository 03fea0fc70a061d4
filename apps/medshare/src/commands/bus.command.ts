import { systemRandom } from '@medshare/clock';
import type { DeadLetter, MendOptions } from '@medshare/bus/kafka.driver';
import type { Command } from 'commander';
import { loadConfig } from '../config.js';
import { table } from '../terminal/table.js';
import { configOption } from './config.command.js';
import { positiveInt } from './option-values.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options {
  config: string;
  count?: number;
  all?: boolean;
  reason?: string;
}

/** Most dead letters of one call. */
const most = 10_000;

export function addBus(program: Command, run: Run): void {
  const group = program
    .command('bus')
    .description(
      'Records on Kafka that are no events of this release: another program wrote them, or a newer release.',
    );
  addCommand(
    group,
    'dead-letters',
    'List them, the oldest first: where they stood, why they are there, how large they are. What they say is not shown.',
    ['medshare bus dead-letters --config /etc/medshare/harbor.yaml --json'],
  )
    .requiredOption(...configOption)
    .action((options: Options, self: Command) => run(self, (within) => mend('look', options, within)));
  addCommand(
    group,
    'replay',
    'Send the oldest back to the partitions where they stood, in order; after an update that reads them.',
    [
      'medshare bus replay --config /etc/medshare/harbor.yaml --count 1',
      'medshare bus replay --config /etc/medshare/harbor.yaml --all',
    ],
  )
    .requiredOption(...configOption)
    .option('--count <n>', 'how many', positiveInt(most))
    .option('--all', 'all of them')
    .action((options: Options, self: Command) => run(self, (within) => mend('replay', options, within)));
  addCommand(group, 'drop', 'Give the oldest up. They are gone afterwards.', [
    'medshare bus drop --config /etc/medshare/harbor.yaml --count 1 --reason "written by a test program"',
  ])
    .requiredOption(...configOption)
    .option('--count <n>', 'how many', positiveInt(most))
    .option('--all', 'all of them')
    .requiredOption('--reason <text>', 'why; told in the output')
    .action((options: Options, self: Command) => run(self, (within) => mend('drop', options, within)));
}

async function mend(deed: MendOptions['deed'], options: Options, { env }: Surroundings): Promise<Outcome> {
  const { count, all = false, reason } = options;
  if (deed !== 'look' && (count === undefined) !== all) throw new UsageError('say --count or --all');
  const config = loadConfig(options.config, env);
  if (!config.bus.startsWith('kafka:')) throw new UsageError('this bus keeps events only: there are no dead letters');
  const { mendDeadLetters } = await import('@medshare/bus/kafka.driver');
  const { kafkaSettings } = await import('../run/kafka-settings.js');
  const letters = await mendDeadLetters(kafkaSettings(config), {
    deed,
    most: count ?? most,
    reader: systemRandom.uuid(),
  });
  return { document: { deed, letters, ...(reason !== undefined && { reason }) }, text: textOf(deed, letters) };
}

const done = { look: 'kept', replay: 'sent back', drop: 'given up' } as const;

function textOf(deed: MendOptions['deed'], letters: readonly DeadLetter[]): string {
  if (letters.length === 0) return 'There are no dead letters.';
  const rows = letters.map(({ offset, topic, partition, reason, at, bytes }) => [
    String(offset),
    new Date(at).toISOString(),
    `${topic}/${partition}`,
    reason,
    String(bytes),
    done[deed],
  ]);
  return table([['number', 'since', 'topic/partition', 'why', 'bytes', ''], ...rows], { columns: 120 });
}
