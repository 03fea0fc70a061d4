import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isProblem } from '@medshare/problems';
import { sendFhir, type HttpAddress } from './http-sender.js';
import { MllpSender, type MllpAddress } from './mllp-sender.js';
import { readAcknowledgement, type Answer } from './read-acknowledgement.js';
import type { SourceFile } from './gather-files.js';
import { headerOf } from './message-header.js';
import type { RefusedItem, SendReport } from './send-report.js';
import { splitMessages } from './split-messages.js';

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
  const messages = kind === 'hl7v2' ? splitMessages(bytes) : [bytes];
  return messages.map((message, index) => {
    const { facility, patient } = kind === 'hl7v2' ? headerOf(message) : { facility: undefined, patient: path };
    const lane = createHash('sha256').update(patient).digest().readUInt32BE() % connections;
    return { file: path, message: index + 1, kind, bytes: message, to: route(facility), lane };
  });
}

/** One message after the other; a connection a destination. */
async function runLane(
  items: readonly Item[],
  stop: AbortSignal,
  settle: (item: Item, answer: Answer) => void,
): Promise<void> {
  const connections = new Map<Destination, MllpSender>();
  try {
    for (const item of items) {
      if (stop.aborted) return;
      settle(item, await sendOne(item, connections));
    }
  } finally {
    for (const connection of connections.values()) connection.close();
  }
}

async function sendOne({ kind, bytes, to }: Item, connections: Map<Destination, MllpSender>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    // when nothing listens, the whole command fails with that
    const connection = kind === 'hl7v2' ? await connected(to, connections) : undefined;
    try {
      if (connection) return readAcknowledgement(await connection.send(bytes));
      return to.http ? await sendFhir(to.http, bytes) : without(to);
    } catch (caught) {
      connections.delete(to);
      if (!isProblem(caught) || caught.code !== 'peer.unavailable') throw caught;
      if (attempt === attempts) return cut(caught.detail ?? caught.title);
      await new Promise((resolve) => setTimeout(resolve, pause * attempt));
    }
  }
}

async function connected(to: Destination, connections: Map<Destination, MllpSender>): Promise<MllpSender | undefined> {
  if (!to.mllp) return undefined;
  const open = connections.get(to) ?? (await MllpSender.open(to.mllp));
  connections.set(to, open);
  return open;
}

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
