import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { asProblem, isProblem, problem } from '@medshare/problems';
import { sendFhir, type HttpAddress } from './http-sender.js';
import { acknowledgementMode, isWanted } from '@medshare/hl7';
import { MllpClient, type MllpAddress } from '@medshare/mllp';
import { readAcknowledgement, type Answer } from './read-acknowledgement.js';
import type { SourceFile } from './gather-files.js';
import { headerOf } from './message-header.js';
import type { Refusal, RefusedItem, SendReport } from './send-report.js';
import { envelopeProblems, splitMessages } from './split-messages.js';

/** One institution's front doors. */
export interface Destination {
  readonly name: string;
  readonly mllp: MllpAddress | undefined;
  readonly http: HttpAddress | undefined;
}

export interface SendOptions {
  files: readonly SourceFile[];
  /** Where a message goes; `facility` is its MSH-4, for FHIR undefined. */
  route(facility: string | undefined): Destination;
  /** Connections at one time. Messages of one patient use one of them, in order. */
  connections: number;
  onProgress(state: { done: number; total: number; refused: number; elapsedMs: number }): void;
  stop: AbortSignal;
  /** Milliseconds, from any origin. */
  now(): number;
}

interface Item {
  file: string;
  message: number;
  kind: SourceFile['kind'];
  bytes: Uint8Array;
  to: Destination;
  lane: number;
  /** why it is not sent at all */
  unfit?: readonly Refusal[];
}

/** How often a message is sent again when its connection was cut; the receiver knows a duplicate. */
const attempts = 3;
const pause = 500;

/** Sends what the files hold as a hospital's interface engine would. Reports files, codes and places, never content. */
export async function sendFiles(options: SendOptions): Promise<SendReport> {
  const began = options.now();
  const items: Item[] = [];
  for (const file of options.files) items.push(...(await itemsOf(file, options)));
  const refused: RefusedItem[] = [];
  let done = 0;
  const settle = ({ file, message }: Item, answer: Answer): void => {
    done += 1;
    if (!answer.taken) refused.push({ file, message, refusals: answer.refusals });
    options.onProgress({ done, total: items.length, refused: refused.length, elapsedMs: options.now() - began });
  };
  await Promise.all(
    Array.from({ length: options.connections }, (_, lane) =>
      runLane(
        items.filter((item) => item.lane === lane),
        options.stop,
        settle,
      ),
    ),
  );
  return {
    files: options.files.length,
    sent: done,
    accepted: done - refused.length,
    refused,
    unsent: items.length - done,
    elapsedMs: Math.round(options.now() - began),
    to: [...new Set(items.map(({ to }) => to.name))],
  };
}

async function itemsOf({ path, kind }: SourceFile, { route, connections }: SendOptions): Promise<Item[]> {
  const bytes = await readFile(path);
  const unfit = kind === 'hl7v2' ? unfitFor(bytes) : [];
  if (unfit.length > 0) return [{ file: path, message: 0, kind, bytes, to: route(undefined), lane: 0, unfit }];
  const messages = kind === 'hl7v2' ? splitMessages(bytes) : [bytes];
  return messages.map((message, index) => {
    const { facility, patient } = kind === 'hl7v2' ? headerOf(message) : { facility: undefined, patient: path };
    const lane = createHash('sha256').update(patient).digest().readUInt32BE() % connections;
    return { file: path, message: index + 1, kind, bytes: message, to: route(facility), lane };
  });
}

/** A batch whose counts are wrong is refused here as the receiver would: as a whole. */
function unfitFor(bytes: Uint8Array): Refusal[] {
  const problems = (() => {
    try {
      return envelopeProblems(bytes);
    } catch (caught) {
      return [asProblem(caught)];
    }
  })();
  return problems.map(({ code, title, where, detail }) => ({
    answer: '-',
    code,
    where: where ?? '',
    why: detail === undefined ? title : `${title}: ${detail}`,
  }));
}

/** One message after the other; a connection a destination. */
async function runLane(
  items: readonly Item[],
  stop: AbortSignal,
  settle: (item: Item, answer: Answer) => void,
): Promise<void> {
  const connections = new Map<Destination, MllpClient>();
  try {
    for (const item of items) {
      if (stop.aborted) return;
      settle(item, await sendOne(item, connections));
    }
  } finally {
    for (const connection of connections.values()) connection.close();
  }
}

async function sendOne({ kind, bytes, to, unfit }: Item, connections: Map<Destination, MllpClient>): Promise<Answer> {
  if (unfit) return { taken: false, refusals: unfit };
  for (let attempt = 1; ; attempt += 1) {
    // when nothing listens, the whole command fails with that
    const connection = kind === 'hl7v2' ? await connected(to, connections) : undefined;
    try {
      if (connection) return await answerOf(connection, bytes);
      return to.http ? await sendFhir(to.http, bytes) : without(to);
    } catch (caught) {
      connections.delete(to);
      if (!isProblem(caught) || caught.code !== 'peer.unavailable') throw caught;
      if (attempt === attempts) return cut(caught.detail ?? caught.title);
      await new Promise((resolve) => setTimeout(resolve, pause * attempt));
    }
  }
}

/** Who asks for no acknowledgement of success (MSH-15, MSH-16) gets none: then what was written counts as taken. */
async function answerOf(connection: MllpClient, bytes: Uint8Array): Promise<Answer> {
  const mode = acknowledgementMode(undefined, bytes);
  if (!mode.enhanced || isWanted(mode.accept, true) || isWanted(mode.application, true))
    return readAcknowledgement(await connection.send(bytes));
  await connection.tell(bytes);
  return { taken: true };
}

async function connected(to: Destination, connections: Map<Destination, MllpClient>): Promise<MllpClient | undefined> {
  if (!to.mllp) return undefined;
  const open = connections.get(to) ?? (await MllpClient.open(to.mllp).catch(hinted));
  connections.set(to, open);
  return open;
}

const hinted = (caught: unknown): never => {
  if (!isProblem(caught) || caught.code !== 'peer.unavailable') throw caught;
  const { code, where, detail, cause } = caught;
  throw problem(code, { where, detail: `${detail}; is medshare running? Start it with: medshare up --demo`, cause });
};

const cut = (why: string): Answer => ({
  taken: false,
  refusals: [{ answer: '-', code: 'peer.unavailable', where: '', why: `no answer after ${attempts} attempts: ${why}` }],
});

const without = ({ name }: Destination): Answer => ({
  taken: false,
  refusals: [
    { answer: '-', code: 'request.not-found', where: name, why: 'takes no such messages; see --to and --url' },
  ],
});
