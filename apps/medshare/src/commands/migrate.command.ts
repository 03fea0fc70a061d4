import type { Command } from 'commander';
import { loadConfig } from '../config.js';
import { configOption } from './config.command.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

export function addMigrate(program: Command, run: Run): void {
  addCommand(
    program,
    'migrate',
    'Bring the database, with the users of its schemas, and the topics of a bus on Kafka, to this release. Safe to repeat, and while the last release runs.',
    ['medshare migrate --config /etc/medshare/harbor.yaml'],
  )
    .requiredOption(...configOption)
    .action(({ config }: { config: string }, self: Command) => run(self, (within) => migrate(config, within)));
}

async function migrate(file: string, { env }: Surroundings): Promise<Outcome> {
  const config = loadConfig(file, env);
  const [{ migrateAsOwner }, { migrateBus }, { withDatabase }] = await Promise.all([
    import('../run/migrate.js'),
    import('../drivers.js'),
    import('../run/open-database.js'),
  ]);
  const applied = await withDatabase(config, async (reached) => [
    ...(await migrateAsOwner(reached)),
    ...(await migrateBus(reached)),
  ]);
  const text = applied.length === 0 ? 'up to date' : `applied:\n${applied.map((each) => `  ${each}`).join('\n')}`;
  return { document: { applied }, text };
}
