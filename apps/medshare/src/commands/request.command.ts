import type { Command } from 'commander';
import type { AskResponse } from '@medshare/events';
import type { Terminal } from '../terminal/terminal.js';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { identifier, oneOf, positiveInt, purposeCode } from './option-values.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';
import { rememberAsk } from './remembered-asks.js';
import { day } from './moments.js';

interface Options extends WhoOptions {
  patient: { system: string; value: string };
  purpose: string;
  days: number;
  relation: 'treating' | 'none';
}

export function addRequest(program: Command, run: Run): void {
  const command = addCommand(
    program,
    'request',
    'Ask for a patient’s records in the whole region. Each class of sensitivity becomes a request of its own: ' +
      'what the law permits is granted by itself, the rest waits for approvals.',
    [
      "medshare request --as dr.chen@lakeside --patient 'urn:medshare:east:citizen|E-1985-0317-442' --purpose TREAT",
      "medshare request --as dr.chen@lakeside --patient 'urn:…|…' --purpose TREAT --days 7 --json | jq -r .askId",
    ],
  );
  withWho(command)
    .requiredOption('--patient <system|value>', 'an identifier of a system that the region agreed on', identifier)
    .requiredOption('--purpose <code>', 'HL7 v3 PurposeOfUse, e.g. TREAT', purposeCode)
    .option('--days <n>', 'how long the grant is to last', positiveInt(365), 7)
    .addOption(oneOf('--relation <relation>', 'to the patient', ['treating', 'none']).default('treating'))
    .action((options: Options, self: Command) => run(self, (within) => request(options, within)));
}

async function request(options: Options, within: Surroundings): Promise<Outcome> {
  const { client, place } = await actingAs(options, within);
  const { patient, purpose, days, relation } = options;
  const answer = await client.ask({ identifier: patient, purpose, days, relation });
  await rememberAsk(place, answer);
  return {
    document: answer,
    text: askText(answer, `${place.username}@${place.institution}`, within.terminal),
    refused: answer.requests.length === 0,
  };
}

function askText(answer: AskResponse, who: string, { columns, style }: Terminal): string {
  const records = answer.found.map(({ institution, records }) => `${records} at ${institution}`).join(', ');
  const denied = answer.receipts.filter(({ outcome }) => outcome === 'deny');
  const lines = [`${style.bold('ask')} ${answer.askId}`, `records found: ${records || 'none under this identifier'}`];
  if (answer.requests.length > 0) lines.push('', requestTable(answer, columns));
  for (const { owner, class: about, problem } of denied)
    lines.push(`denied: ${owner}, ${about}: ${problem ?? 'by policy'}`);
  for (const { institution, tag, problem } of answer.damaged)
    lines.push(`damaged: ${institution}, tag ${tag}: ${problem}`);
  if (answer.requests.length > 0) lines.push('', `next: medshare open --as ${who} ${answer.askId}`);
  return lines.join('\n');
}

export const requestTable = ({ requests }: Pick<AskResponse, 'requests'>, columns: number): string =>
  table(
    [
      ['owner', 'class', 'state', 'until', 'request'],
      ...requests.map((each) => [each.owner, each.class, each.state, day(each.expiresAt), each.requestId]),
    ],
    { columns, indent: 0 },
  );
