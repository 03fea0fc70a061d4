import type { Command } from 'commander';
import { auditAction, type Region } from '@medshare/events';
import { problem } from '@medshare/problems';
import { readAuditEvents, type AuditLine } from '../audit/read-audit-events.js';
import { verifyEntries, type Verified } from '../audit/verify-entries.js';
import type { Terminal } from '../terminal/terminal.js';
import { table } from '../terminal/table.js';
import { actingAs, withPlace, type Acting, type WhoOptions } from './acting-as.js';
import { auditTrust, readGenesis, readGenesisFile } from './genesis.js';
import { oneOf, positiveInt } from './option-values.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options extends WhoOptions {
  institution?: string;
}
interface ListOptions extends Options {
  action?: string;
  entity?: string;
  since?: string;
  last: number;
}
interface VerifyOptions extends Options {
  entry?: string;
  all?: boolean;
  last?: number;
  region?: string;
}

/** Entries of `--all` at most. */
const most = 1_000_000;

export function addAudit(program: Command, run: Run): void {
  const group = program
    .command('audit')
    .description('Read the audit log as the regulator, and verify its proofs on this computer.');
  const list = addCommand(
    group,
    'list',
    'The newest entries of an institution’s audit log: pseudonyms and opaque ids only.',
    [
      'medshare audit list --institution lakeside --action section.opened',
      "medshare audit list --entity 'request|<request id>' --json",
    ],
  );
  withRegulator(list)
    .addOption(oneOf('--action <action>', 'one action only', auditAction.options))
    .option('--entity <kind|id>', 'what was touched, e.g. a request')
    .option('--since <instant>', 'not before, e.g. 2026-11-21T08:00:00Z')
    .option('--last <n>', 'how many', positiveInt(10_000), 20)
    .action((options: ListOptions, self: Command) => run(self, (within) => listEntries(options, within)));
  const verify = addCommand(
    group,
    'verify',
    'Fetch inclusion proofs as the regulator and verify them here, offline, against the audit key of the region’s genesis.',
    [
      'medshare audit verify                             # the newest 20 entries of the first institution',
      'medshare audit verify --institution harbor --all',
      'medshare audit verify --entry <entry id> --region region.json',
    ],
  );
  withRegulator(verify)
    .option('--entry <id>', 'one entry')
    .option('--all', 'the whole log')
    .option('--last <n>', 'the newest n (default: 20)', positiveInt(100_000))
    .option('--region <file>', 'the region’s genesis document (default: that of the data folder)')
    .action((options: VerifyOptions, self: Command) => run(self, (within) => verifyLog(options, within)));
}

function withRegulator(command: Command): Command {
  return withPlace(
    command
      .option('--institution <id>', 'whose log (default: the first of the demo)')
      .option('--as <user[@institution]>', 'who reads (default: regulator)'),
  );
}

function regulatorAt(options: Options, within: Surroundings): Promise<Acting> {
  const { institution, as = 'regulator' } = options;
  if (institution !== undefined && as.includes('@')) throw new UsageError('name the institution once');
  return actingAs({ ...options, as: institution === undefined ? as : `${as}@${institution}` }, within);
}

async function listEntries(options: ListOptions, within: Surroundings): Promise<Outcome> {
  const { client } = await regulatorAt(options, within);
  const query = {
    ...(options.action !== undefined && { action: options.action }),
    ...(options.entity !== undefined && { entity: options.entity }),
    ...(options.since !== undefined && { date: `ge${instant(options.since)}` }),
  };
  const entries = await readAuditEvents(client, query, options.last);
  return { document: { entries }, text: listText(entries, within.terminal) };
}

function instant(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new UsageError('--since: write an instant such as 2026-11-21T08:00:00Z');
  return new Date(time).toISOString();
}

function listText(entries: readonly AuditLine[], { columns }: Terminal): string {
  if (entries.length === 0) return 'No entries.';
  const rows = entries.map(({ time, action, outcome, problem: why, id }) => [
    time.slice(0, 19).replace('T', ' '),
    action,
    why ?? outcome,
    id,
  ]);
  return table([['when (UTC)', 'action', 'outcome', 'entry'], ...rows], { columns, indent: 0 });
}

async function verifyLog(options: VerifyOptions, within: Surroundings): Promise<Outcome> {
  const { entry, all, last } = options;
  if ([entry, all, last].filter((each) => each !== undefined).length > 1)
    throw new UsageError('--entry, --all and --last exclude each other');
  const { client, place } = await regulatorAt(options, within);
  const trust = auditTrust(await genesisOf(options.region, place), place.institution);
  const ids =
    entry !== undefined ? [entry] : (await readAuditEvents(client, {}, all ? most : (last ?? 20))).map(({ id }) => id);
  const result = await verifyEntries(client, trust, ids, (done) =>
    within.terminal.progress(`verified ${done} of ${ids.length}`),
  );
  return {
    document: { institution: place.institution, ...result },
    text: verifiedText(result, place.institution, within.terminal),
    refused: result.failed.length > 0,
  };
}

async function genesisOf(file: string | undefined, { data, institution }: Acting['place']): Promise<Region> {
  if (file !== undefined) return readGenesisFile(file);
  const found = await readGenesis(data, institution);
  if (!found) throw problem('request.not-found', { where: '--region', detail: 'name the region’s genesis document' });
  return found;
}

function verifiedText({ entries, size, failed }: Verified, institution: string, { columns, style }: Terminal): string {
  if (failed.length === 0)
    return `${entries} ${entries === 1 ? 'entry' : 'entries'} of ${institution} verified offline, under a signed checkpoint of ${size}`;
  const rows = failed.map(({ entryId, why }) => [entryId, why]);
  return `${style.bad(`${failed.length} of ${entries} entries of ${institution} do not verify`)}\n${table([['entry', 'why'], ...rows], { columns, indent: 0 })}`;
}
