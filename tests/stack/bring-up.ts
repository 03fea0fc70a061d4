import { chmod, mkdir } from 'node:fs/promises';
import { describeStack } from './describe-stack.js';
import { foundInstitutions } from './found-institutions.js';
import { installAll } from './install.js';
import type { StackServer } from './server.js';
import type { Stack } from './stack.js';
import { Supervisor } from './supervise.js';

/** Installs what is missing, then starts each server as soon as those that it needs are ready. Idempotent. */
export async function bringUp(
  stack: Stack,
  servers: readonly StackServer[],
  say: (line: string) => void,
): Promise<void> {
  const { state, cache } = stack.places;
  await mkdir(state, { recursive: true });
  // PostgreSQL's user must be able to pass through
  await chmod(state, 0o711);
  const packages = servers.flatMap((server) => server.package ?? []);
  await installAll(cache, packages, say);
  // made before the servers, which are prepared at the same time, ask for it
  await stack.certificates.of('stack');
  await startInOrder(servers, new Supervisor(state), say);
  const names = new Set(servers.map(({ name }) => name));
  if (names.has('postgres')) await foundInstitutions(stack, names, say);
  await describeStack(stack);
}

async function startInOrder(
  servers: readonly StackServer[],
  supervisor: Supervisor,
  say: (line: string) => void,
): Promise<void> {
  const started = new Map<string, Promise<void>>();
  const startOf = (server: StackServer): Promise<void> => {
    const known = started.get(server.name);
    if (known) return known;
    const needed = servers.filter(({ name }) => server.after.includes(name));
    const made = Promise.all(needed.map(startOf)).then(async () => {
      const before = Date.now();
      const running = (await supervisor.pidOf(server.name)) !== undefined;
      const pid = await supervisor.start(server);
      say(
        `${server.name} ${server.version}: ${running ? 'runs' : `ready in ${((Date.now() - before) / 1000).toFixed(1)} s`}, pid ${pid}`,
      );
    });
    started.set(server.name, made);
    return made;
  };
  const outcomes = await Promise.allSettled(servers.map(startOf));
  const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  if (reasons.length > 0)
    throw new AggregateError(reasons, [...new Set(reasons.map(({ message }) => message))].join('\n'));
}
