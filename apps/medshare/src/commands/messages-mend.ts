import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageListing, replayResponse, skipResponse } from '@medshare/events';
import type { RoleName } from '@medshare/role';
import { progressBar } from '../terminal/progress-bar.js';
import type { WhoOptions } from './acting-as.js';
import { describeFailure, problemText } from './describe-failure.js';
import { allPages, messagesApi, type MessagesApi } from './messages-api.js';
import { parkedOf } from './messages-listing.js';
import { UsageError, type Outcome, type Surroundings } from './outcome.js';

export interface MendOptions extends WhoOptions {
  role: RoleName;
  all?: boolean;
  feed?: string;
  code?: string;
}
export interface ReplayOptions extends MendOptions {
  wait: number;
}
export interface SkipOptions extends MendOptions {
  reason: string;
}
export interface ContentOptions extends WhoOptions {
  reason: string;
  out?: string;
}

interface Line {
  id: string;
  /** replay: events sent again; skip: whether it was given up now */
  events?: number;
  skipped?: boolean;
  after?: 'done' | 'parked' | 'waiting' | 'replaying';
  problem?: { code: string; text: string };
}

export async function replay(id: string | undefined, options: ReplayOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const lines = await eachChosen(id, { api, options, within }, async (one) => {
    const { events } = await api.post(`/parked/${options.role}/replay`, replayResponse, { id: one });
    return { id: one, events };
  });
  await settle(lines, { api, options, within });
  const refused = lines.some(({ problem, after }) => problem !== undefined || after === 'parked');
  return { document: { replayed: lines }, text: textOf(lines, replayed), refused };
}

export async function skip(id: string | undefined, options: SkipOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const { reason, role } = options;
  const lines = await eachChosen(id, { api, options, within }, (one) =>
    api.post(`/parked/${role}/skip`, skipResponse, { id: one, reason }),
  );
  return {
    document: { skipped: lines },
    text: textOf(lines, ({ skipped }) => (skipped ? 'given up; what waited behind it goes on' : 'was given up before')),
    refused: lines.some(({ problem }) => problem !== undefined),
  };
}

export async function content(id: string, options: ContentOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within, 'it.zhou');
  const { reason, out } = options;
  const bytes = await api.bytes(`/messages/${encodeURIComponent(id)}/content`, { reason });
  if (out === undefined) {
    const text = new TextDecoder().decode(bytes).replaceAll('\r', '\n').trimEnd();
    return { document: { id, content: Buffer.from(bytes).toString('base64') }, text };
  }
  await writeFile(out, bytes, { mode: 0o600, flag: 'wx' });
  return { document: { id, file: out, bytes: bytes.length }, text: `${bytes.length} bytes written to ${out}` };
}

interface Work {
  api: MessagesApi;
  options: MendOptions;
  within: Surroundings;
}

/** One after the other, with a progress bar; what fails is told and does not stop the others. */
async function eachChosen(id: string | undefined, work: Work, deed: (id: string) => Promise<Line>): Promise<Line[]> {
  const { terminal, stop } = work.within;
  if ((id === undefined) === (work.options.all !== true)) throw new UsageError('name one message, or say --all');
  if (id !== undefined && (work.options.feed ?? work.options.code) !== undefined)
    throw new UsageError('--feed and --code go with --all');
  if (id !== undefined) return [await deed(id)];
  const ids = await chosen(work);
  const began = performance.now();
  const lines: Line[] = [];
  for (const one of ids) {
    stop.throwIfAborted();
    lines.push(
      await deed(one).catch((caught: unknown) => {
        const failure = describeFailure(caught);
        return { id: one, problem: { code: failure.code, text: problemText(failure) } };
      }),
    );
    const refused = lines.filter(({ problem }) => problem).length;
    const elapsedMs = performance.now() - began;
    terminal.progress(progressBar({ done: lines.length, total: ids.length, refused, elapsedMs }, terminal.columns));
  }
  return lines;
}

/** What holds streams up: one event a stream, for its later ones go with it. */
async function chosen({ api, options: { role, feed, code } }: Work): Promise<string[]> {
  const heads = await parkedOf(api, role, { state: 'parked', code, first: true });
  if (feed === undefined) return heads.map(({ id }) => id);
  if (role !== 'ingest') throw new UsageError('--feed is of messages at ingest; other roles know no feeds');
  const messages = await allPages(100_000, async (before, limit) => {
    const found = await api.get('/messages', messageListing, { state: 'parked', feed, code, before, limit });
    return { items: found.messages, next: found.next };
  });
  const ofFeed = new Set(messages.map((each) => each.id));
  return heads.map(({ id }) => id).filter((id) => ofFeed.has(id));
}

/** Looks what became of what was sent again, until it is known or the patience is over. */
async function settle(lines: Line[], { api, options, within }: Work & { options: ReplayOptions }): Promise<void> {
  const sent = lines.filter(({ events }) => events !== undefined);
  for (const line of sent) line.after = line.events === 0 ? 'done' : 'replaying';
  const until = performance.now() + options.wait * 1000;
  while (sent.some(({ after }) => after === 'replaying')) {
    const now = new Map((await parkedOf(api, options.role, { first: true })).map(({ id, state }) => [id, state]));
    for (const line of sent) if (line.after === 'replaying') line.after = now.get(line.id) ?? 'done';
    if (performance.now() >= until || within.stop.aborted) return;
    const waiting = sent.filter(({ after }) => after === 'replaying').length;
    if (waiting > 0) within.terminal.progress(`${waiting} on their way`);
    await sleep(250);
  }
}

const replayed = ({ events, after }: Line): string => {
  if (events === 0) return 'is done already';
  const sent = `sent again with what waited behind it (${events})`;
  if (after === 'done') return `${sent}: done`;
  return after === 'parked' ? `${sent}: parked again, see \`medshare messages show\`` : `${sent}: on its way`;
};

const textOf = (lines: readonly Line[], tell: (line: Line) => string): string =>
  lines.length === 0
    ? 'Nothing is parked that fits.'
    : lines.map((line) => `${line.id}: ${line.problem ? line.problem.text : tell(line)}`).join('\n');
