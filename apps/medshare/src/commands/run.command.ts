import type { Command } from 'commander';
import { roleNames, type RoleName } from '@medshare/role/context';
import { loadConfig } from '../config.js';
import { configOption } from './config.command.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';
import { stopped } from './stopped.js';

export function addRun(program: Command, run: Run): void {
  addCommand(
    program,
    'run [roles...]',
    `Run roles of one institution in this process, until SIGTERM or Ctrl-C. No role: those of the configuration. Roles: ${roleNames.join(', ')}.`,
    [
      'medshare run --config /etc/medshare/harbor.yaml',
      'medshare run ingest classifier --config /etc/medshare/harbor.yaml',
    ],
  )
    .requiredOption(...configOption)
    .action((roles: string[], { config }: { config: string }, self: Command) =>
      run(self, (within) => runRoles(roles, config, within)),
    );
}

async function runRoles(named: string[], file: string, { terminal, env, stop }: Surroundings): Promise<Outcome> {
  const roles = rolesOf(named);
  const config = loadConfig(file, env);
  const { startInstitution } = await import('../run/start-institution.js');
  const started = startInstitution(roles.length === 0 ? config : { ...config, roles }, stop);
  const running = await started.catch((caught: unknown) => {
    if (stop.aborted && caught === stop.reason) return undefined;
    throw caught;
  });
  if (!running)
    return { document: { institution: config.institution, stopped: true }, text: 'stopped while standing by' };
  const { id, httpUrl, mllpPort } = running;
  return {
    document: {
      institution: id,
      url: httpUrl,
      ...(mllpPort !== undefined && { mllpPort }),
      roles: roles.length ? roles : config.roles,
    },
    text: `${id} is ready: ${httpUrl}${mllpPort === undefined ? '' : `, MLLP ${mllpPort}`}`,
    after: async () => {
      // whoever started this process waits for the word; when it is gone, nobody would stop this one
      if (process.connected) process.send?.('ready', () => undefined);
      await stopped(AbortSignal.any([stop, orphaned()]));
      terminal.notice('stopping');
      await running.stop();
    },
  };
}

/** Aborts when the process that started this one with a channel ends; never where there is no channel. */
function orphaned(): AbortSignal {
  const gone = new AbortController();
  if (process.send && !process.connected) gone.abort();
  process.once('disconnect', () => gone.abort());
  return gone.signal;
}

function rolesOf(named: readonly string[]): RoleName[] {
  const unknown = named.filter((name) => !(roleNames as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new UsageError(`no such role: ${unknown.join(', ')}; there are ${roleNames.join(', ')}`);
  return [...new Set(named as RoleName[])];
}
