import type { Command } from 'commander';
import type { WhatWouldSeeAnswer } from '@medshare/events';
import { table } from '../terminal/table.js';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import { identifier, oneOf, positiveInt, purposeCode } from './option-values.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options extends WhoOptions {
  clinician: string;
  roles: string;
  patient: { system: string; value: string };
  purpose: string;
  days: number;
  relation: 'treating' | 'none';
}

export function addWhatWouldSee(program: Command, run: Run): void {
  const command = addCommand(
    program,
    'what-would-see',
    'Show what a named clinician would see of a patient at an institution, and why: legal basis, rules, consents, ' +
      'approvals still needed. For the patient and for privacy officers; without effect, and audited.',
    [
      "medshare what-would-see --as officer.li@harbor --clinician @lakeside --patient 'urn:medshare:east:citizen|E-1985-0317-442'",
      "medshare what-would-see --as mei.lin@harbor --clinician dr.wu@harbor --roles attending,clinician --patient 'urn:…|…' --purpose TREAT --json",
    ],
  );
  withWho(command)
    .requiredOption(
      '--clinician <[person]@institution>',
      'a user of the institution asked, a pseudonym, or anybody of one',
    )
    .option('--roles <role,…>', 'the roles that the clinician holds', 'clinician')
    .requiredOption('--patient <system|value>', 'an identifier of a system that the region agreed on', identifier)
    .option('--purpose <code>', 'HL7 v3 PurposeOfUse', purposeCode, 'TREAT')
    .option('--days <n>', 'how long the grant would last', positiveInt(365), 7)
    .addOption(oneOf('--relation <relation>', 'to the patient', ['treating', 'none']).default('treating'))
    .action((options: Options, self: Command) => run(self, (within) => tell(options, within)));
}

async function tell(options: Options, within: Surroundings): Promise<Outcome> {
  const { client, place } = await actingAs(options, within);
  const { patient, purpose, days, relation, roles } = options;
  const clinician = { ...clinicianOf(options.clinician), roles: roles.split(',').map((role) => role.trim()) };
  const answer = await client.whatWouldSee({ clinician, patient, purpose, relation, days });
  return { document: answer, text: text(answer, place.institution, within.terminal.columns) };
}

function clinicianOf(text: string): { institution: string; person?: string } {
  const [, person, institution] = /^([A-Za-z0-9._-]{0,64})@([a-z][a-z0-9-]{1,30})$/.exec(text) ?? [];
  if (institution === undefined) throw new UsageError('--clinician: write person@institution, or @institution');
  return { institution, ...(person ? { person } : {}) };
}

function text({ classes }: WhatWouldSeeAnswer, institution: string, columns: number): string {
  if (classes.length === 0) return `${institution} holds nothing of this patient.`;
  const rows = classes.map((one) => [
    one.class,
    String(one.sections),
    one.outcome === 'deny' ? 'denied' : one.approval === 'none' ? 'opens' : 'after approval',
    one.rules.join(', ') || (one.problem ?? ''),
    one.approvals.join(', '),
  ]);
  return table([['class', 'sections', 'outcome', 'why', 'people who may approve'], ...rows], { columns, indent: 0 });
}
