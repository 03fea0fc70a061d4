import type { Command } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MedshareClient } from '@medshare/client';
import type { OpenResponse } from '@medshare/events';
import { isProblemCode, problem, problems } from '@medshare/problems';
import type { Terminal } from '../terminal/terminal.js';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';
import { rememberedAsks } from './remembered-asks.js';
import type { StaffPlace } from './staff-keys.js';

interface Options extends WhoOptions {
  out?: string;
}

export function addOpen(program: Command, run: Run): void {
  const open = addCommand(
    program,
    'open [ask]',
    'Open everything that an ask’s grants permit now, later records of the same episode included. ' +
      'Without an id, the person’s latest ask from this computer. Content is written only to files, with --out.',
    [
      'medshare open --as dr.chen@lakeside',
      'medshare open --as dr.chen@lakeside <ask id> --out ./opened',
      'medshare bundle --as dr.chen@lakeside <bundle id> > bundle.json',
    ],
  );
  withWho(open)
    .option('--out <folder>', 'write each opened section as a FHIR Bundle, readable by its owner only')
    .action((ask: string | undefined, options: Options, self: Command) =>
      run(self, (within) => openAsk(ask, options, within)),
    );
  const bundle = addCommand(
    program,
    'bundle <id>',
    'Print an opened section, exactly the bytes that were sealed: a FHIR R4 Bundle.',
    ['medshare bundle --as dr.chen@lakeside <bundle id of `open`> > bundle.json'],
  );
  withWho(bundle).action((id: string, options: WhoOptions, self: Command) =>
    run(self, (within) => printBundle(id, options, within)),
  );
}

async function openAsk(ask: string | undefined, options: Options, within: Surroundings): Promise<Outcome> {
  const { client, place } = await actingAs(options, within);
  const askId = ask ?? (await latest(place));
  const answer = await client.open(askId);
  const files = options.out === undefined ? [] : await writeBundles(client, answer, options.out);
  return {
    document: { ...answer, ...(options.out !== undefined && { files }) },
    text: openedText(answer, within.terminal, files),
    // what waits for approvals is no failure while something is open
    refused: answer.opened.length === 0 || answer.refused.some((each) => each.problem !== 'access.incomplete'),
  };
}

async function latest(place: StaffPlace): Promise<string> {
  const [ask] = await rememberedAsks(place);
  if (!ask)
    throw problem('request.not-found', {
      where: 'ask',
      detail: 'no ask of this person was made here; name one, or see `medshare request`',
    });
  return ask.askId;
}

async function writeBundles(client: MedshareClient, { opened }: OpenResponse, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: string[] = [];
  for (const { bundle, owner, class: about } of opened) {
    const path = join(folder, `${owner}-${about.replace(':', '-')}-${bundle}.json`);
    await writeFile(path, await client.bundle(bundle), { mode: 0o600 });
    files.push(path);
  }
  return files;
}

function openedText({ opened, refused }: OpenResponse, { columns, style }: Terminal, files: readonly string[]): string {
  const rows = opened.map((each) => [each.owner, each.class, each.record, each.bundle]);
  const parts = [
    opened.length === 0
      ? 'Nothing opened.'
      : table([['owner', 'class', 'record', 'bundle'], ...rows], { columns, indent: 0 }),
  ];
  if (refused.length > 0) {
    const reasons = refused.map((each) => [each.owner, each.class ?? '-', each.problem, titleOf(each.problem)]);
    parts.push(`${style.bold('not opened')}\n${table(reasons, { columns })}`);
  }
  if (files.length > 0) parts.push(files.map((file) => `wrote ${file}`).join('\n'));
  return parts.join('\n\n');
}

export const titleOf = (code: string): string => (isProblemCode(code) ? problems[code].title : '');

async function printBundle(id: string, options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const { client } = await actingAs(options, within);
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await client.bundle(id));
  // the text itself is the document: parsing would destroy FHIR's decimals
  within.terminal.raw(text);
  return { document: undefined, text: '' };
}
