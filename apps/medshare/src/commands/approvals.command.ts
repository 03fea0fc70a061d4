import type { Command } from 'commander';
import type { MedshareClient } from '@medshare/client';
import type { PendingApproval } from '@medshare/events';
import { problem } from '@medshare/problems';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { describeFailure, problemText } from './describe-failure.js';
import { moment } from './moments.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface ApproveOptions extends WhoOptions {
  all?: boolean;
}

export function addApprovals(program: Command, run: Run): void {
  const list = addCommand(program, 'approvals', 'What waits for the approval of a person’s roles.', [
    'medshare approvals --as officer.li@harbor',
    'medshare approvals --as officer.li@harbor --json | jq ".approvals[] | select(.state == \\"waiting\\")"',
  ]);
  withWho(list).action((options: WhoOptions, self: Command) => run(self, (within) => approvals(options, within)));
  const approve = addCommand(
    program,
    'approve [request]',
    'Approve a request, signed with the person’s own key. One person fills one place; nobody approves their own request.',
    ['medshare approve --as officer.li@harbor --all', 'medshare approve --as dr.wu@harbor <request id of `approvals`>'],
  );
  withWho(approve)
    .option('--all', 'everything that waits')
    .action((id: string | undefined, options: ApproveOptions, self: Command) =>
      run(self, (within) => approveThem(id, options, within)),
    );
}

async function approvals(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const { client } = await actingAs(options, within);
  const found = await client.approvals();
  const rows = found.map((each) => [
    each.state,
    each.leaf,
    each.class,
    each.purpose,
    whoAsks(each),
    moment(each.issuedAt),
    each.requestId,
  ]);
  const head = ['state', 'place', 'class', 'purpose', 'asked by', 'asked', 'request'];
  const reasons = found.flatMap(({ emergency, requestId, away }) =>
    emergency ? [emergencyLine(emergency, requestId, away)] : [],
  );
  const text =
    rows.length === 0
      ? 'Nothing waits.'
      : [table([head, ...rows], { columns: within.terminal.columns, indent: 0 }), ...new Set(reasons)].join('\n');
  return { document: { approvals: found }, text };
}

const emergencyLine = (
  { code, text }: NonNullable<PendingApproval['emergency']>,
  requestId: string,
  away: boolean | undefined,
): string =>
  `emergency ${requestId}: ${code}${text ? `, ${text}` : ''}${away ? ' (the chain is away: approved by signature)' : ''}`;

const whoAsks = ({ requester }: PendingApproval): string => `${requester.roles.join('+')} of ${requester.institution}`;

interface Given {
  requestId: string;
  leaf: string;
  class: string;
  granted?: boolean;
  problem?: { code: string; text: string };
}

async function approveThem(id: string | undefined, options: ApproveOptions, within: Surroundings): Promise<Outcome> {
  if ((id === undefined) === (options.all !== true)) throw new UsageError('name one request, or say --all');
  const { client } = await actingAs(options, within);
  const found = await client.approvals();
  const chosen = found.filter((each) => (id === undefined ? each.state === 'waiting' : each.requestId === id));
  if (id !== undefined && chosen.length === 0)
    throw problem('request.not-found', {
      where: id,
      detail: 'not among what waits for this person; see `medshare approvals`',
    });
  const given: Given[] = [];
  for (const each of onePerRequest(chosen)) given.push(await approveOne(client, each));
  return {
    document: { approved: given },
    text: given.length === 0 ? 'Nothing waits.' : given.map(lineOf).join('\n'),
    refused: given.some((each) => each.problem !== undefined),
  };
}

/** Somebody with two roles of a formula fills one place only. */
function onePerRequest(found: readonly PendingApproval[]): PendingApproval[] {
  const seen = new Set<string>();
  return found.filter(({ requestId }) => !seen.has(requestId) && seen.add(requestId));
}

async function approveOne(client: MedshareClient, each: PendingApproval): Promise<Given> {
  const { requestId, leaf } = each;
  try {
    const { granted } = await client.approve(each);
    return { requestId, leaf, class: each.class, ...(granted !== undefined && { granted }) };
  } catch (caught) {
    const failure = describeFailure(caught);
    return { requestId, leaf, class: each.class, problem: { code: failure.code, text: problemText(failure) } };
  }
}

const lineOf = ({ requestId, leaf, class: about, granted, problem: why }: Given): string =>
  why
    ? `${why.text} (${requestId})`
    : `approved as ${leaf}: ${about}${granted === undefined ? ', signed' : granted ? ', granted' : ', more approvals are needed'} (${requestId})`;
