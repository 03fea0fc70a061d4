import type { Command } from 'commander';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { webhookFetchDone, webhookStates, type WebhookStates } from '@medshare/events';
import { asProblem } from '@medshare/problems';
import { table } from '../terminal/table.js';
import type { WhoOptions } from './acting-as.js';
import { messagesApi, withEngineer } from './messages-api.js';
import { moment } from './moments.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';
import { writeNew } from './write-new.js';

interface ChoiceOptions extends WhoOptions {
  all?: boolean;
}
interface SkipOptions extends WhoOptions {
  reason: string;
}

export function addWebhooks(program: Command, run: Run): void {
  const group = program
    .command('webhooks')
    .description(
      'FHIR subscriptions of other systems: what they told, what is to be fetched, what waits for a person.',
    );
  const list = addCommand(group, 'list', 'Subscriptions with their state, and what is to be fetched: failed first.', [
    'medshare webhooks list',
    'medshare webhooks list --as it.sun@lakeside --json | jq .fetches',
  ]);
  withEngineer(list).action((options: WhoOptions, self: Command) =>
    run(self, (within) => listWebhooks(options, within)),
  );
  const again = addCommand(group, 'retry [fetch]', 'Fetch again at once, after what was wrong has been mended.', [
    'medshare webhooks retry <fetch id of `list`>',
    'medshare webhooks retry --all',
  ]);
  withEngineer(again)
    .option('--all', 'everything that failed')
    .action((id: string | undefined, options: ChoiceOptions, self: Command) =>
      run(self, (within) => retry(id, options, within)),
    );
  const give = addCommand(group, 'skip <fetch>', 'Give up a failed fetch for good, with a reason that is audited.', [
    "medshare webhooks skip <fetch id> --reason 'entered in error, and deleted at the source'",
  ]);
  withEngineer(give)
    .requiredOption('--reason <text>', 'why; must not speak of the patient')
    .action((id: string, options: SkipOptions, self: Command) => run(self, (within) => skip(id, options, within)));
  const key = addCommand(
    group,
    'key <file>',
    'Make the key of a backend service (webhook.source.backendService.keyFile), and show the public part for registering it at the server.',
    ['medshare webhooks key harbor/ehr-key.json', 'medshare webhooks key harbor/ehr-key.json > jwks.json'],
  );
  key.action((file: string, _: object, self: Command) => run(self, () => makeKey(file)));
}

/** A key for SMART App Launch 2.2, client-confidential-asymmetric: ES384, which every server of the profile takes or RS384. */
async function makeKey(file: string): Promise<Outcome> {
  const { privateKey } = await generateKeyPair('ES384', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const own = { ...jwk, kid: await calculateJwkThumbprint(jwk), use: 'sig', alg: 'ES384' };
  const text = `${JSON.stringify(own, undefined, 2)}\n`;
  if (!(await writeNew(file, text, 0o600))) throw new UsageError(`${file} is there already; a key is not written over`);
  const { d: _, ...open } = own;
  const document = { keys: [open] };
  return { document, text: JSON.stringify(document, undefined, 2) };
}

async function listWebhooks(options: WhoOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const found = await api.get('/webhooks', webhookStates);
  const layout = { columns: within.terminal.columns, indent: 0 };
  const heard = [
    ['feed', 'subscription', 'status', 'last event', 'missed', 'heard'],
    ...found.subscriptions.map(heardOf),
  ];
  const due = [['fetch', 'feed', 'what', 'state', 'tries', 'why'], ...found.fetches.map(dueOf)];
  const text = [
    found.subscriptions.length === 0 ? 'No subscription has told anything yet.' : table(heard, layout),
    found.fetches.length === 0 ? 'Nothing is to be fetched.' : table(due, layout),
  ].join('\n\n');
  return { document: found, text };
}

const heardOf = (each: WebhookStates['subscriptions'][number]): string[] => [
  ...[each.feed, each.subscription, each.status, String(each.lastEvent), String(each.missed)],
  moment(Date.parse(each.heardAt)),
];

const dueOf = ({
  id,
  feed,
  kind,
  events,
  state,
  attempts,
  problem,
  where,
}: WebhookStates['fetches'][number]): string[] => [
  ...[id, feed, events ? `events ${events.first} to ${events.last}` : kind, state, String(attempts)],
  problem === null ? '' : `${problem}${where === null ? '' : ` at ${where}`}`,
];

async function retry(id: string | undefined, options: ChoiceOptions, within: Surroundings): Promise<Outcome> {
  if ((id === undefined) === (options.all !== true)) throw new UsageError('name one fetch, or say --all');
  const api = await messagesApi(options, within);
  const failed = async () =>
    (await api.get('/webhooks', webhookStates)).fetches.filter(({ state }) => state === 'failed');
  const ids = id === undefined ? (await failed()).map((each) => each.id) : [id];
  const retried: string[] = [];
  for (const one of ids) {
    const again = api.post(`/webhooks/fetches/${encodeURIComponent(one)}/retry`, webhookFetchDone, {});
    await again.then(
      () => retried.push(one),
      (caught: unknown) => {
        // of several, one may be done meanwhile
        if (id !== undefined || asProblem(caught).code !== 'request.not-found') throw caught;
      },
    );
  }
  return {
    document: { retried },
    text: `${retried.length} fetched again; \`medshare webhooks list\` says what became of it`,
  };
}

async function skip(id: string, options: SkipOptions, within: Surroundings): Promise<Outcome> {
  const api = await messagesApi(options, within);
  const { reason } = options;
  const skipped = await api.post(`/webhooks/fetches/${encodeURIComponent(id)}/skip`, webhookFetchDone, { reason });
  return { document: { skipped: skipped.id }, text: `${skipped.id}: given up` };
}
