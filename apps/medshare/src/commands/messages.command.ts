import { InvalidArgumentError, type Command } from 'commander';
import { messageState } from '@medshare/events';
import { roleNames } from '@medshare/role';
import { withWho, type WhoOptions } from './acting-as.js';
import { withEngineer } from './messages-api.js';
import {
  listFeeds,
  listMessages,
  listParked,
  listPatients,
  listRefused,
  showMessage,
  type ListOptions,
  type RoleOptions,
} from './messages-listing.js';
import { content, replay, skip, type ContentOptions, type ReplayOptions, type SkipOptions } from './messages-mend.js';
import { oneOf, positiveInt } from './option-values.js';
import { addCommand } from './outcome.js';
import type { Run } from './program.js';

export function addMessages(program: Command, run: Run): void {
  const group = program
    .command('messages')
    .description('What came, where it is on its way, what waits for a person, and what that person can do about it.');
  addListing(group, run);
  addParked(group, run);
  addMending(group, run);
}

function addListing(group: Command, run: Run): void {
  const list = addCommand(group, 'list', 'Messages, the newest first: state, reason and place, never content.', [
    'medshare messages list --state parked',
    'medshare messages list --as it.sun@harbor --feed hospital --since 2026-01-05T00:00:00Z --last 500 --json',
    'medshare messages list --state refused --code hl7.required-field',
  ]);
  withEngineer(list)
    .addOption(oneOf('--state <state>', 'one state only', [...messageState.options, 'refused']))
    .option('--patient <id>', 'one patient’s stream, as --json names it: 16 characters')
    .action((options: ListOptions, self: Command) => run(self, (within) => listMessages(options, within)));
  withFilter(list);
  const refused = addCommand(
    group,
    'refused',
    'Messages that were not acknowledged, the newest first: reason and place.',
    ['medshare messages refused', 'medshare messages refused --as it.sun@summit --json'],
  );
  withEngineer(refused).action((options: ListOptions, self: Command) =>
    run(self, (within) => listRefused(options, within)),
  );
  withFilter(refused);
  const show = addCommand(
    group,
    'show <message>',
    'One message’s way to the chain: every step with its time, what holds it up, and what its record does not hold of it.',
    ['medshare messages show <message id of `list`>'],
  );
  withEngineer(show).action((id: string, options: WhoOptions, self: Command) =>
    run(self, (within) => showMessage(id, options, within)),
  );
  const feeds = addCommand(group, 'feeds', 'What waits of each feed, and since when.', ['medshare messages feeds']);
  withEngineer(feeds).action((options: WhoOptions, self: Command) => run(self, (within) => listFeeds(options, within)));
}

function addParked(group: Command, run: Run): void {
  const parked = addCommand(
    group,
    'parked',
    'What is parked, at every role or one: a record may be stuck at any of them.',
    ['medshare messages parked --as it.sun@harbor', 'medshare messages parked --role vault'],
  );
  withRole(withEngineer(parked)).action((options: RoleOptions, self: Command) =>
    run(self, (within) => listParked(options, within)),
  );
  const patients = addCommand(
    group,
    'patients',
    'Patients whose messages wait: how many, since when, and what holds them up.',
    ['medshare messages patients'],
  );
  withRole(withEngineer(patients)).action((options: RoleOptions, self: Command) =>
    run(self, (within) => listPatients(options, within)),
  );
}

function addMending(group: Command, run: Run): void {
  const again = addCommand(
    group,
    'replay [event]',
    'Try a parked message again, then its patient’s later ones in order, after what was wrong has been mended.',
    [
      'medshare messages replay <message id>',
      'medshare messages replay --role vault <event id of `parked`>',
      'medshare messages replay --all --feed hospital --code record.unmappable',
    ],
  );
  withChoice(withRole(withEngineer(again), 'ingest'))
    .option('--wait <seconds>', 'how long to look what becomes of it', positiveInt(3600, 0), 10)
    .action((id: string | undefined, options: ReplayOptions, self: Command) =>
      run(self, (within) => replay(id, options, within)),
    );
  const give = addCommand(
    group,
    'skip [event]',
    'Give a parked message up for good, with a reason that is kept and audited; its patient’s later ones go on.',
    ["medshare messages skip <message id> --reason 'sent again by the laboratory under another number'"],
  );
  withChoice(withRole(withEngineer(give), 'ingest'))
    .requiredOption('--reason <text>', 'why; must not speak of the patient', reason(1000))
    .action((id: string | undefined, options: SkipOptions, self: Command) =>
      run(self, (within) => skip(id, options, within)),
    );
  const see = addCommand(
    group,
    'content <message>',
    'The bytes of a message, for people with the role content-reader. Every look is an entry of the audit log.',
    ["medshare messages content <message id> --reason 'a segment that does not parse' --out message.hl7"],
  );
  withWho(see, { required: false })
    .requiredOption('--reason <text>', 'why; stands in the audit log', reason(200))
    .option('--out <file>', 'write the exact bytes to a new file')
    .action((id: string, options: ContentOptions, self: Command) =>
      run(self, (within) => content(id, options, within)),
    );
}

const withFilter = (command: Command): Command =>
  command
    .option('--feed <name>', 'of one feed')
    .option('--code <code>', 'with this problem, e.g. record.unmappable')
    .option('--since <instant>', 'not before, e.g. 2026-01-05T08:00:00Z')
    .option('--until <instant>', 'before this instant')
    .option('--last <n>', 'how many', positiveInt(100_000), 100);

const withRole = (command: Command, byDefault?: string): Command => {
  const option = oneOf('--role <role>', byDefault ? 'at which role it is parked' : 'one role only', roleNames);
  return command.addOption(byDefault ? option.default(byDefault) : option);
};

const withChoice = (command: Command): Command =>
  command
    .option('--all', 'everything that is parked there and fits')
    .option('--feed <name>', 'with --all: of one feed')
    .option('--code <code>', 'with --all: with this problem');

const reason =
  (most: number) =>
  (text: string): string => {
    const trimmed = text.trim();
    if (trimmed.length >= 1 && trimmed.length <= most) return trimmed;
    throw new InvalidArgumentError(`Write 1 to ${most} characters.`);
  };
