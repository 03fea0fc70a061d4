import type { Command } from 'commander';
import { reviewFilter, reviewOutcome, type Review, type ReviewFilter, type ReviewOutcome } from '@medshare/events';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { moment } from './moments.js';
import { oneOf } from './option-values.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface ListOptions extends WhoOptions {
  state: ReviewFilter;
}
interface CloseOptions extends WhoOptions {
  outcome: ReviewOutcome;
  reason: string;
}

export function addReviews(program: Command, run: Run): void {
  const reviews = program.command('reviews').description('Reviews of emergencies by privacy officers.');
  const list = addCommand(reviews, 'list', 'Emergencies that wait for a privacy officer, the oldest first.', [
    'medshare reviews list --as officer.li@harbor',
    'medshare reviews list --as officer.li@harbor --state overdue --json',
  ]);
  withWho(list)
    .addOption(oneOf('--state <state>', 'which', reviewFilter.options).default('due'))
    .action((options: ListOptions, self: Command) => run(self, (within) => listThem(options, within)));
  const close = addCommand(
    reviews,
    'close <review>',
    'Say whether breaking the glass was right. What needs a follow-up stays open; what was said stays.',
    [
      "medshare reviews close <review id of `reviews list`> --as officer.li@harbor --outcome justified --reason 'unconscious on arrival'",
      "medshare reviews close <review id> --as officer.li@harbor --outcome needs-follow-up --reason 'ask the ward'",
    ],
  );
  withWho(close)
    .addOption(oneOf('--outcome <outcome>', 'what was found', reviewOutcome.options).makeOptionMandatory())
    .requiredOption('--reason <words>', 'why, at most 1000 characters')
    .action((id: string, options: CloseOptions, self: Command) => run(self, (within) => closeOne(id, options, within)));
}

async function listThem(options: ListOptions, within: Surroundings): Promise<Outcome> {
  const { client } = await actingAs(options, within);
  const found = await client.reviews(options.state);
  const head = ['state', 'side', 'asked by', 'why', 'opened', 'due', 'review'];
  const text =
    found.length === 0
      ? 'Nothing to review.'
      : table([head, ...found.map(rowOf)], { columns: within.terminal.columns, indent: 0 });
  return { document: { reviews: found }, text };
}

const rowOf = ({ state, overdue, side, requester, reason, openedAt, dueAt, reviewId }: Review): string[] => [
  overdue ? `${state}, overdue` : state,
  side,
  `${requester.roles.join('+')} of ${requester.institution}`,
  reason.text ? `${reason.code}: ${reason.text}` : reason.code,
  moment(openedAt),
  moment(dueAt),
  reviewId,
];

async function closeOne(id: string, { outcome, reason, ...who }: CloseOptions, within: Surroundings): Promise<Outcome> {
  const { client } = await actingAs(who, within);
  const answer = await client.closeReview(id, { outcome, reason });
  return { document: answer, text: `${outcome}: the review is ${answer.state}` };
}
