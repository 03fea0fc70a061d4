import type { Command } from 'commander';
import type { Notification } from '@medshare/events';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { moment } from './moments.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

export function addNotifications(program: Command, run: Run): void {
  const list = addCommand(program, 'notifications', 'What a patient is told of access to their records.', [
    'medshare notifications --as mei.lin@harbor',
  ]);
  withWho(list).action((options: WhoOptions, self: Command) => run(self, (within) => notifications(options, within)));
}

async function notifications(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const { client } = await actingAs(options, within);
  const found = await client.notifications();
  const head = ['when', 'what', 'by', 'of', 'until'];
  const text =
    found.length === 0
      ? 'Nothing was accessed that you are told of.'
      : table([head, ...found.map(rowOf)], { columns: within.terminal.columns, indent: 0 });
  return { document: { notifications: found }, text };
}

const rowOf = ({ at, kind, code, purpose, requester, classes, until }: Notification): string[] => [
  moment(at),
  kind === 'emergency' ? `emergency: ${code ?? ''}` : `access: ${purpose}`,
  `${requester.roles.join('+')} of ${requester.institution}`,
  classes.join(', '),
  moment(until),
];
