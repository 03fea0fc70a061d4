import type { Command } from 'commander';
import { emergencyCode, type AskResponse, type EmergencyCode, type OpenResponse } from '@medshare/events';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type Acting, type WhoOptions } from './acting-as.js';
import { identifier, oneOf, positiveInt } from './option-values.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';
import { rememberAsk } from './remembered-asks.js';
import { requestTable } from './request.command.js';

interface Options extends WhoOptions {
  patient: { system: string; value: string };
  reason: EmergencyCode;
  text?: string;
  hours?: number;
  wait: number;
  with?: string[];
}

/** Between two looks, ms. */
const pause = 300;

export function addBreakGlass(program: Command, run: Run): void {
  const command = addCommand(
    program,
    'break-glass',
    'Ask for a patient’s records in an emergency and open them as soon as two emergency departments agree. ' +
      'The reason is shown to those who approve, the patient is told, and privacy officers review it. ' +
      'Works while the chain is away: signed approvals count, and the chain learns of them afterwards.',
    [
      "medshare break-glass --as ed.zhao@lakeside --patient 'urn:medshare:east:citizen|E-1985-0317-442' --reason unconscious",
      "medshare break-glass --as ed.zhao@lakeside --patient 'urn:…|…' --reason other --text 'allergy unknown, must operate' --hours 2",
      "medshare break-glass --as ed.zhao@lakeside --patient 'urn:…|…' --reason unconscious --with ed.kaya@lakeside --with ed.zhao@harbor",
    ],
  );
  withWho(command)
    .requiredOption('--patient <system|value>', 'an identifier of a system that the region agreed on', identifier)
    .addOption(oneOf('--reason <code>', 'why', emergencyCode.options).makeOptionMandatory())
    .option('--text <words>', 'the reason in words, at most 500 characters; needed with --reason other')
    .option('--hours <n>', 'how long it is to last (default: as the region says, 4)', positiveInt(24))
    .option('--wait <seconds>', 'how long approvals are waited for', positiveInt(3600), 60)
    .option(
      '--with <user@institution>',
      'a colleague on this computer who approves at once (demo); may be repeated',
      (who: string, others: string[] = []) => [...others, who],
    )
    .action((options: Options, self: Command) => run(self, (within) => breakGlass(options, within)));
}

async function breakGlass(options: Options, within: Surroundings): Promise<Outcome> {
  if (options.reason === 'other' && !options.text) throw new UsageError('--reason other needs --text');
  const began = performance.now();
  const me = await actingAs(options, within);
  const { patient, reason: code, text, hours } = options;
  const asked = await me.client.breakGlass({
    identifier: patient,
    reason: { code, ...(text !== undefined && { text }) },
    ...(hours !== undefined && { hours }),
  });
  await rememberAsk(me.place, asked);
  const colleagues = await Promise.all((options.with ?? []).map((as) => actingAs({ ...options, as }, within)));
  const { ask, opened } = await openWhenGranted(me, asked, colleagues, options.wait, within);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const away = ask.requests.some((request) => request.away);
  return {
    document: { ...ask, ...opened, seconds: Number(seconds), away },
    text: glassText(ask, opened, { seconds, away, columns: within.terminal.columns }),
    refused: opened.opened.length === 0,
  };
}

/** Colleagues approve what they are shown; what was granted is opened; until nothing waits or time is up. */
async function openWhenGranted(
  { client }: Acting,
  asked: AskResponse,
  colleagues: Acting[],
  wait: number,
  { terminal, stop }: Surroundings,
): Promise<{ ask: AskResponse; opened: OpenResponse }> {
  const until = performance.now() + wait * 1000;
  for (;;) {
    for (const colleague of colleagues) await approveAs(colleague, asked);
    const ask = await client.asked(asked.askId);
    const waiting = ask.requests.filter(({ state }) => state === 'waiting').length;
    terminal.progress(`${waiting} of ${ask.requests.length} requests wait for approvals`);
    if (waiting === 0 || performance.now() >= until || stop.aborted)
      return { ask, opened: await client.open(asked.askId) };
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** A colleague whose place is filled by another, or who is the one that asked, approves nothing. */
async function approveAs({ client }: Acting, { requests }: AskResponse): Promise<void> {
  const mine = new Set(requests.map(({ requestId }) => requestId));
  const waiting = (await client.approvals()).filter(
    ({ requestId, state }) => mine.has(requestId) && state === 'waiting',
  );
  for (const one of waiting) await client.approve(one).catch(() => undefined);
}

function glassText(
  ask: AskResponse,
  { opened, refused }: OpenResponse,
  { seconds, away, columns }: { seconds: string; away: boolean; columns: number },
): string {
  const rows = opened.map((each) => [each.owner, each.class, each.record, each.bundle]);
  const parts = [requestTable(ask, columns)];
  if (rows.length > 0) parts.push(table([['owner', 'class', 'record', 'bundle'], ...rows], { columns, indent: 0 }));
  for (const { owner, class: about, problem } of refused)
    parts.push(`not opened: ${owner}, ${about ?? '-'}: ${problem}`);
  for (const { institution, problem } of ask.damaged.slice(0, 3)) parts.push(`not asked: ${institution}: ${problem}`);
  parts.push(
    `${opened.length} opened in ${seconds} s${away ? ' while the chain was away: it will be told, marked late' : ''}`,
    'The patient is told, and privacy officers review this.',
  );
  return parts.join('\n');
}
