import type { Command } from 'commander';
import { z } from 'zod';
import { fromProblemJson, problem } from '@medshare/problems';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { titleOf } from './open.command.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

const refusals = z.object({
  refusals: z.array(
    z.object({
      id: z.string(),
      time: z.string(),
      via: z.string(),
      kind: z.string(),
      feed: z.string().nullable(),
      size: z.number(),
      problems: z.array(z.object({ code: z.string(), where: z.string().optional() })),
    }),
  ),
});
const parked = z.object({
  messages: z.array(
    z.object({
      id: z.string(),
      receivedAt: z.string(),
      kind: z.string(),
      feed: z.string(),
      problem: z.string().nullable(),
      where: z.string().nullable(),
    }),
  ),
});

export function addMessages(program: Command, run: Run): void {
  const group = program
    .command('messages')
    .description('What ingest refused, and what it parked after its acknowledgement.');
  const refused = addCommand(
    group,
    'refused',
    'Messages that were refused, the newest first: reason and place, never content.',
    ['medshare messages refused', 'medshare messages refused --as it.sun@summit --json'],
  );
  withEngineer(refused).action((options: WhoOptions, self: Command) =>
    run(self, (within) => listRefused(options, within)),
  );
  const waiting = addCommand(
    group,
    'parked',
    'Messages that were acknowledged and wait for a person, the newest first.',
    ['medshare messages parked --as it.sun@harbor'],
  );
  withEngineer(waiting).action((options: WhoOptions, self: Command) =>
    run(self, (within) => listParked(options, within)),
  );
}

const withEngineer = (command: Command): Command => withWho(command, { required: false });
const engineer = (options: WhoOptions): WhoOptions => ({ ...options, as: options.as ?? 'it.sun' });

async function listRefused(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const found = await read('/messages/refused', refusals, options, within);
  const rows = found.refusals.flatMap(({ time, via, kind, problems }) =>
    problems.map(({ code, where }) => [minute(time), via, kind, code, where ?? '-', titleOf(code)]),
  );
  return listing(found, rows, ['when', 'via', 'kind', 'code', 'place', 'why'], 'Nothing was refused.', within);
}

async function listParked(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const found = await read('/messages?state=parked', parked, options, within);
  const rows = found.messages.map((each) => [
    minute(each.receivedAt),
    each.feed,
    each.kind,
    each.problem ?? '-',
    each.where ?? '-',
    each.id,
  ]);
  return listing(found, rows, ['when', 'feed', 'kind', 'code', 'place', 'message'], 'Nothing is parked.', within);
}

const minute = (time: string): string => `${time.slice(0, 16).replace('T', ' ')}Z`;

function listing(
  document: object,
  rows: string[][],
  head: string[],
  none: string,
  { terminal }: Surroundings,
): Outcome {
  return {
    document,
    text: rows.length === 0 ? none : table([head, ...rows], { columns: terminal.columns, indent: 0 }),
  };
}

async function read<T>(path: string, shape: z.ZodType<T>, options: WhoOptions, within: Surroundings): Promise<T> {
  const { httpUrl, token } = await actingAs(engineer(options), within);
  const response = await fetch(new URL(path, httpUrl), { headers: { authorization: `Bearer ${await token()}` } });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok)
    throw response.status === 404 ? problem('request.not-found', { where: path }) : fromProblemJson(body);
  return shape.parse(body);
}
