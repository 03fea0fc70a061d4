import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { problem } from '@medshare/problems';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { identifier } from './option-values.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options extends WhoOptions {
  id?: string;
  patient?: { system: string; value: string };
}

export function addConsent(program: Command, run: Run): void {
  const consent = program
    .command('consent')
    .description('Record and read patients’ consents (FHIR R4 Consent, basic form).');
  const record = addCommand(
    consent,
    'record <file>',
    'Record a FHIR R4 Consent, or a new version of one. Versions are never changed; each one’s hash is anchored on the chain. ' +
      'What it no longer allows is withdrawn. An element or code that is not understood is named: until it is mended, the consent refuses.',
    [
      'medshare consent record --as officer.li@harbor consent.json',
      'medshare consent record --as mei.lin@harbor withdrawn.json --id 0b7c…',
    ],
  );
  withWho(record)
    .option('--id <id>', 'the consent that this is a new version of')
    .action((file: string, options: Options, self: Command) => run(self, (within) => put(file, options, within)));
  const list = addCommand(consent, 'list', 'Show a patient’s consents as they stand. A patient sees their own.', [
    'medshare consent list --as mei.lin@harbor',
    "medshare consent list --as officer.li@harbor --patient 'urn:medshare:east:citizen|E-1985-0317-442' --json",
  ]);
  withWho(list)
    .option('--patient <system|value>', 'whose, for privacy officers', identifier)
    .action((options: Options, self: Command) => run(self, (within) => show(options, within)));
}

async function put(file: string, options: Options, within: Surroundings): Promise<Outcome> {
  const { client } = await actingAs(options, within);
  const stored = await client.recordConsent(parse(await readFile(file, 'utf8'), file), options.id);
  const issues = (stored as { issue?: { expression?: string[] }[] }).issue ?? [];
  const places = issues.flatMap(({ expression = [] }) => expression);
  const warning = places.length > 0 ? `; not understood, so it refuses: ${places.join(', ')}` : '';
  return { document: stored, text: `recorded ${stored.id ?? ''}${warning}` };
}

async function show(options: Options, within: Surroundings): Promise<Outcome> {
  const { client } = await actingAs(options, within);
  const bundle = (await client.consents(options.patient)) as {
    entry: { resource: { id: string; status: string; meta: { versionId: string }; provision?: { type?: string } } }[];
  };
  const lines = bundle.entry.map(
    ({ resource: { id, status, meta, provision } }) =>
      `${id}  version ${meta.versionId}  ${status}  ${provision?.type ?? ''}`,
  );
  return { document: bundle, text: lines.join('\n') || 'No consents.' };
}

function parse(text: string, where: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw problem('request.malformed', { where, detail: 'not JSON', cause });
  }
}
