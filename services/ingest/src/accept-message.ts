import { intakeFirst } from '@medshare/bus';
import { callAll, type Queryable } from '@medshare/database';
import { event, type EventMessage } from '@medshare/events';
import { fenced } from '@medshare/outbox';
import { problem, Problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import { currentTraceparent, outsideSteps, traced } from '@medshare/telemetry';
import { faultPoint } from '@medshare/telemetry/fault-point';
import type { Accepted, Candidate } from './candidate.js';
import { GroupCommit } from './group-commit.js';
import { JoinStreams } from './join-streams.js';
import { findByKeys, insertingMessages, type MessageRow } from './store/messages.js';
import { insertingReplies, renewReplies } from './store/replies.js';

type Parts = Pick<RoleContext, 'institution' | 'database' | 'outbox' | 'transit' | 'audit' | 'clock' | 'random'>;
/** with the step that waits for it: a group is written for many */
type Waiting = Candidate & { readonly traceparent?: string | undefined };
type Answer = Accepted | Problem;
/** key → content → message id */
type Known = Map<string, Map<string, string>>;
interface Fresh {
  readonly candidate: Waiting;
  readonly id: string;
  readonly variant: string;
  /** other streams that it joins with its own */
  readonly others: readonly string[];
}

const mebibyte = 1024 * 1024;
/** Messages and bytes of one transaction: enough to share a sync of the disk, little enough to be quick. */
const groupItems = 256;
const groupBytes = 16 * mebibyte;
/** Transactions under way at one time: the next one is prepared and sent while the disk syncs for the one before. */
const groupsAtOnce = 2;
const uniqueViolation = '23505';
const tries = 4;

const sizeOf = ({ parts }: Candidate): number => parts.reduce((sum, part) => sum + part.length, 0);
/** A key is in the table already: from before, or another process was faster. */
const takenKey = (caught: unknown): boolean =>
  caught instanceof Error && (caught as { code?: unknown }).code === uniqueViolation;

/** Makes messages durable: what resolves may be acknowledged. */
export class AcceptMessage {
  private readonly queue: GroupCommit<Waiting, Accepted>;
  private readonly streams = new JoinStreams();

  constructor(
    private readonly parts: Parts,
    { maxWaitingBytes }: { maxWaitingBytes: number },
  ) {
    this.queue = new GroupCommit({
      commit: (group) => this.commit(group),
      sizeOf,
      keyOf: ({ patientKey }) => patientKey,
      // whose streams it joins is found on the way: nothing else is
      isBarrier: ({ link }) => link !== undefined,
      atOnce: groupsAtOnce,
      maxItems: groupItems,
      maxBytes: groupBytes,
      maxWaitingBytes,
    });
  }

  /**
   * Resolves once the message stands in the inbox, its payload is sealed and its event is in the outbox, all in one transaction.
   * @throws Problem hl7.duplicate-conflict (request.conflict for FHIR), storage.unavailable, request.rate-limited, service.stopping
   */
  async accept(candidate: Candidate): Promise<Accepted> {
    intakeFirst.begin();
    return traced('accept', this.place(), {}, async (step) => {
      // a group belongs to all its messages, and to none of them
      const traceparent = currentTraceparent();
      const answer = await outsideSteps(() => this.queue.submit({ ...candidate, traceparent }));
      step.set({ 'medshare.message': answer.messageId, 'medshare.duplicate': answer.duplicate });
      return answer;
    }).finally(() => intakeFirst.end());
  }

  stop(): Promise<void> {
    return this.queue.stop();
  }

  private place() {
    return { institution: this.parts.institution, role: 'ingest' };
  }

  /** One step for the group, linked with those of its messages. */
  private commit(group: readonly Waiting[]): Promise<Answer[]> {
    const links = group.map(({ traceparent }) => traceparent);
    const attributes = { 'medshare.count': group.length };
    return traced('commit', this.place(), { parent: 'none', links, attributes }, () => this.commitAll(group));
  }

  /** Duplicates are rare: a group is first written as if there were none, and looked at only when the database says otherwise. */
  private async commitAll(group: readonly Waiting[]): Promise<Answer[]> {
    const { database, outbox } = this.parts;
    for (let tried = 0; ; tried += 1) {
      try {
        const answers = await (tried === 0
          ? this.write(database, group, new Map())
          : database.transaction(async (tx) => this.write(tx, group, await knownOf(tx, group))));
        faultPoint('ingest.accept.done');
        outbox.wake(database);
        return answers;
      } catch (caught) {
        this.streams.forget();
        if (!takenKey(caught) || tried === tries) throw caught;
      }
    }
  }

  private async write(on: Queryable, group: readonly Waiting[], known: Known): Promise<Answer[]> {
    const fresh: Fresh[] = [];
    const joined = await this.streams.find(on, group);
    const answers = group.map((candidate, index): Answer => {
      const others = joined[index] ?? [];
      const answer = decide(candidate, known, others instanceof Problem ? others : this.parts.random.uuid());
      if (!('variant' in answer)) return answer;
      fresh.push({ candidate, id: answer.messageId, variant: answer.variant, others: others as readonly string[] });
      return { messageId: answer.messageId, duplicate: false };
    });
    await this.renew(on, group, answers);
    if (fresh.length > 0) await this.store(on, fresh);
    return answers;
  }

  /** Who sends a message again asks again what became of it, on the connection it has now. */
  private async renew(on: Queryable, group: readonly Candidate[], answers: readonly Answer[]): Promise<void> {
    const repeated = group.flatMap(({ reply }, index) => {
      const answer = answers[index];
      return reply && answer && 'duplicate' in answer && answer.duplicate ? [{ id: answer.messageId, ...reply }] : [];
    });
    await renewReplies(on, repeated, this.parts.clock.now());
  }

  /** One statement, and so one question to the database: message, payload and events stand together or not at all. */
  private async store(on: Queryable, fresh: readonly Fresh[]): Promise<void> {
    const { transit, outbox, audit, clock } = this.parts;
    const receivedAt = clock.now();
    const payloads = await transit.storing(
      fresh.map(({ candidate }) => ({ header: candidate.arrival, parts: [...candidate.parts] })),
    );
    const rows = fresh.map(({ candidate, id, variant }, index): MessageRow => {
      const { kind, arrival, content, patientKey } = candidate;
      const payload = payloads.refs[index] as string;
      const { feed, key = null } = arrival;
      const size = candidate.parts.at(-1)?.length ?? 0;
      return { id, kind, feed, key, variant, content, patientKey, size, payload };
    });
    const told = rows.flatMap((row, index) => {
      const { candidate, others = [] } = fresh[index] ?? {};
      return fenced(accepted(row, receivedAt, candidate?.traceparent), others);
    });
    const events = [...told, ...audit.events(rows.map(received))];
    const replies = insertingReplies(
      fresh.flatMap(({ candidate: { reply }, id }) => (reply ? [{ id, ...reply }] : [])),
    );
    const aliases = this.streams.remembering(fresh.map(({ candidate }) => candidate));
    faultPoint('ingest.accept.entered');
    // the events last: they hold the order of their keys until the commit
    await callAll(on, [
      ...[payloads.call, insertingMessages(rows, receivedAt), ...replies, ...aliases],
      outbox.appending(events),
    ]);
  }
}

const accepted = (
  { id, patientKey, payload, kind, feed }: MessageRow,
  receivedAt: number,
  traceparent: string | undefined,
): EventMessage =>
  event(
    'message.accepted',
    { id, key: patientKey, ...(traceparent !== undefined && { headers: { traceparent } }) },
    { messageId: id, patientKey, payload, kind, feed, receivedAt },
  );

const received = ({ id, patientKey }: MessageRow): AuditFact => ({
  action: 'message.received',
  outcome: 'success',
  entities: [
    { kind: 'message', id },
    { kind: 'patient', id: patientKey },
  ],
});

async function knownOf(on: Queryable, group: readonly Candidate[]): Promise<Known> {
  const known: Known = new Map();
  const keys = new Set(group.flatMap(({ arrival: { key } }) => key ?? []));
  for (const { key, content, id } of await findByKeys(on, [...keys])) remember(known, key, content, id);
  return known;
}

function remember(known: Known, key: string, content: string, id: string): void {
  const same = known.get(key);
  if (same) same.set(content, id);
  else known.set(key, new Map([[content, id]]));
}

/** The same key and bytes: done once. The same key and other bytes: as the feed wants. Equal bytes alone say nothing. */
function decide(
  { kind, arrival: { key }, content, onConflict }: Candidate,
  known: Known,
  /** a new one's, or why it cannot be taken */
  id: string | Problem,
): Answer | { messageId: string; variant: string } {
  if (key === undefined) return typeof id === 'string' ? { messageId: id, variant: '' } : id;
  const earlier = known.get(key);
  const twin = earlier?.get(content);
  if (twin !== undefined) return { messageId: twin, duplicate: true };
  const [first] = earlier?.values() ?? [];
  if (first !== undefined && onConflict === 'keep') return { messageId: first, duplicate: true };
  if (earlier && onConflict === 'refuse')
    return kind === 'hl7v2'
      ? problem('hl7.duplicate-conflict', { where: 'MSH-10' })
      : problem('request.conflict', { where: 'header.x-request-id', detail: 'the request id came with other content' });
  if (typeof id !== 'string') return id;
  remember(known, key, content, id);
  return { messageId: id, variant: earlier ? content : '' };
}
