import {
  feedLags,
  messageListing,
  parkedFigures,
  parkedListing,
  parkedStreams,
  refusalListing,
  shownMessage,
  type ParkedListing,
  type WayStep,
} from '@medshare/events';
import type { RoleName } from '@medshare/role';
import { table } from '../terminal/table.js';
import type { WhoOptions } from './acting-as.js';
import { lossOutcome, lossTable } from './loss-table.js';
import { allPages, messagesApi, type MessagesApi } from './messages-api.js';
import { titleOf } from './open.command.js';
import type { Outcome, Surroundings } from './outcome.js';

export interface ListOptions extends WhoOptions {
  state?: string;
  feed?: string;
  code?: string;
  since?: string;
  until?: string;
  patient?: string;
  last: number;
}
export interface RoleOptions extends WhoOptions {
  role?: RoleName;
}

export async function listMessages(options: ListOptions, within: Surroundings): Promise<Outcome> {
  if (options.state === 'refused') return listRefused(options, within);
  const api = await messagesApi(options, within);
  const { state, feed, code, since, until, patient, last } = options;
  const messages = await allPages(last, async (before, limit) => {
    const found = await api.get('/messages', messageListing, {
      ...{ state, feed, code, since, until, patient, before, limit },
    });
    return { items: found.messages, next: found.next };
  });
  const rows = messages.map((each) => [
    ...[minute(each.receivedAt), each.state, each.feed, each.stream.slice(0, 8), each.id],
    why(each.problem, each.where),
  ]);
  const head = ['received', 'state', 'feed', 'patient', 'message', 'why'];
  return listing({ messages }, rows, { head, none: 'No such message.', within });
}

export async function listRefused(options: ListOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const { feed, code, since, until, last } = options;
  const refusals = await allPages(last, async (before, limit) => {
    const found = await api.get('/messages/refused', refusalListing, {
      ...{ feed, code, since, until, before, limit },
    });
    return { items: found.refusals, next: found.next };
  });
  const rows = refusals.flatMap(({ time, via, feed: from, problems }) =>
    problems.map(({ code: each, where }) => [minute(time), via, from ?? '-', each, where ?? '-', titleOf(each)]),
  );
  const head = ['when', 'via', 'feed', 'code', 'place', 'why'];
  return listing({ refusals }, rows, { head, none: 'Nothing was refused.', within });
}

export async function showMessage(id: string, options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const path = `/messages/${encodeURIComponent(id)}`;
  const found = await api.get(path, shownMessage);
  const losses = found.state === 'mapped' ? await api.get(`${path}/losses`, lossOutcome) : undefined;
  const facts = [
    ['message', found.id],
    ['state', found.state],
    ['feed', `${found.feed} (${found.kind}, ${found.size} bytes)`],
    ['patient', found.stream],
    ['record', found.recordId ?? '-'],
    ...(found.reason === null ? [] : [['given up', found.reason]]),
  ];
  const steps = found.way.map((each) => [each.step, each.state, each.at ? second(each.at) : '-', remark(each)]);
  const columns = within.terminal.columns;
  const text = [
    table(facts, { columns, indent: 0 }),
    '',
    table([['step', 'state', 'when', ''], ...steps], { columns, indent: 0 }),
    ...(losses === undefined ? [] : ['', lossTable(losses, columns)]),
  ].join('\n');
  return { document: { ...found, ...(losses && { losses }) }, text };
}

const remark = ({ problem, where, behind, block }: WayStep): string =>
  [
    ...(problem === null ? [] : [why(problem, where)]),
    ...(behind === null ? [] : [`behind ${behind}`]),
    ...(block === undefined ? [] : [`block ${block}`]),
  ].join('; ');

export async function listFeeds(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const found = await (await messagesApi(options, within)).get('/messages/feeds', feedLags);
  const rows = found.feeds.map(({ feed, unprocessed, oldestAt, parked, waiting }) => [
    ...[feed, String(unprocessed), oldestAt === null ? '-' : second(oldestAt), String(parked), String(waiting)],
  ]);
  const head = ['feed', 'on their way', 'oldest', 'parked', 'waiting'];
  return listing(found, rows, { head, none: 'Every acknowledged message is mapped.', within });
}

type ParkedEvent = ParkedListing['events'][number] & { role: string };

export async function listParked(options: RoleOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const { roles } = await api.get('/parked', parkedFigures);
  const events: ParkedEvent[] = [];
  for (const role of await rolesOf(api, options.role))
    for (const each of await parkedOf(api, role, {})) events.push({ role, ...each });
  const rows = events.map((each) => [
    ...[minute(each.since), each.role, each.state, each.stream.slice(0, 8), each.id],
    each.behind === null ? why(each.problem, each.where) : `behind ${each.behind}`,
  ]);
  const head = ['since', 'role', 'state', 'patient', 'event', 'why'];
  return listing({ roles, events }, rows, { head, none: 'Nothing is parked.', within });
}

export async function listPatients(options: RoleOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const streams = [];
  for (const role of await rolesOf(api, options.role)) {
    const found = await api.get(`/parked/${role}/streams`, parkedStreams);
    streams.push(...found.streams.map((each) => ({ role, ...each })));
  }
  const rows = streams.map((each) => [
    ...[minute(each.since), each.role, each.stream.slice(0, 8), String(each.events), each.state, each.first],
    why(each.problem, each.where),
  ]);
  const head = ['since', 'role', 'patient', 'waiting', 'state', 'first', 'why'];
  return listing({ streams }, rows, { head, none: 'No patient’s messages wait.', within });
}

/** The roles that run at that address and have something parked, or the one that was named. */
export async function rolesOf(api: MessagesApi, role: RoleName | undefined): Promise<string[]> {
  if (role !== undefined) return [role];
  const { roles } = await api.get('/parked', parkedFigures);
  return roles.filter(({ streams }) => streams > 0).map((each) => each.role);
}

/** Everything parked in a role, page by page. */
export const parkedOf = (
  api: MessagesApi,
  role: string,
  filter: { state?: string; code?: string | undefined; first?: boolean },
): Promise<ParkedListing['events']> =>
  allPages(100_000, async (after, limit) => {
    const { events, next } = await api.get(`/parked/${role}`, parkedListing, { ...filter, after, limit });
    return { items: events, next };
  });

const why = (code: string | null, where: string | null): string =>
  code === null ? '' : `${code}${where === null ? '' : ` at ${where}`}: ${titleOf(code)}`;

const minute = (time: string): string => `${time.slice(0, 16).replace('T', ' ')}Z`;
const second = (time: string): string => `${time.slice(0, 19).replace('T', ' ')}Z`;

function listing(
  document: object,
  rows: string[][],
  { head, none, within }: { head: string[]; none: string; within: Surroundings },
): Outcome {
  const columns = within.terminal.columns;
  return { document, text: rows.length === 0 ? none : table([head, ...rows], { columns, indent: 0 }) };
}
