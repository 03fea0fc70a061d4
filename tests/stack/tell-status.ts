import { table } from '@medshare/app/terminal/table';
import type { StackServer } from './server.js';
import { Supervisor } from './supervise.js';

export interface ServerStatus {
  readonly name: string;
  readonly version: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly pid: number | null;
  readonly ready: boolean;
  /** why it is not ready */
  readonly why: string | null;
  readonly log: string;
}

export const statusOf = (servers: readonly StackServer[], state: string): Promise<ServerStatus[]> => {
  const supervisor = new Supervisor(state);
  return Promise.all(
    servers.map(async (server) => {
      const pid = (await supervisor.pidOf(server.name)) ?? null;
      const why = pid === null ? 'not running' : ((await server.whyNot()) ?? null);
      const { name, version, ports } = server;
      return { name, version, ports, pid, ready: why === null, why, log: supervisor.logOf(name) };
    }),
  );
};

export const tableOf = (statuses: readonly ServerStatus[]): string =>
  table(
    [
      ['server', 'version', 'pid', 'ports', 'state'],
      ...statuses.map(({ name, version, ports, pid, why }) => [
        name,
        version,
        String(pid ?? '-'),
        Object.entries(ports)
          .map(([use, port]) => `${use} ${port}`)
          .join(', '),
        why ?? 'ready',
      ]),
    ],
    { columns: 140 },
  );
