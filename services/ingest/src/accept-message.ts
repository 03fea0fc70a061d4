import type { Tx } from '@medshare/database';
import { event, type EventMessage } from '@medshare/events';
import { problem, type Problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import { faultPoint } from '@medshare/telemetry/fault-point';
import type { Accepted, Candidate } from './candidate.js';
import { GroupCommit } from './group-commit.js';
import { findByKeys, insertMessages, type MessageRow } from './store/messages.js';

type Parts = Pick<RoleContext, 'database' | 'outbox' | 'transit' | 'audit' | 'clock' | 'random'>;
type Answer = Accepted | Problem;

const mebibyte = 1024 * 1024;
/** Messages and bytes of one transaction: enough to share a sync of the disk, little enough to be quick. */
const groupItems = 256;
const groupBytes = 16 * mebibyte;
const uniqueViolation = '23505';
const tries = 4;

const sizeOf = ({ parts }: Candidate): number => parts.reduce((sum, part) => sum + part.length, 0);
/** A key is in the table already: from before, or another process was faster. */
const takenKey = (caught: unknown): boolean =>
  caught instanceof Error && (caught as { code?: unknown }).code === uniqueViolation;

/** Makes messages durable: what resolves may be acknowledged. */
export class AcceptMessage {
  private readonly queue: GroupCommit<Candidate, Accepted>;

  constructor(
    private readonly parts: Parts,
    { maxWaitingBytes }: { maxWaitingBytes: number },
  ) {
    this.queue = new GroupCommit({
      commit: (group) => this.commit(group),
      sizeOf,
      maxItems: groupItems,
      maxBytes: groupBytes,
      maxWaitingBytes,
    });
  }

  /**
   * Resolves once the message stands in the inbox, its payload is sealed and its event is in the outbox, all in one transaction.
   * @throws Problem hl7.duplicate-conflict (request.conflict for FHIR), storage.unavailable, request.rate-limited, service.stopping
   */
  accept(candidate: Candidate): Promise<Accepted> {
    return this.queue.submit(candidate);
  }

  stop(): Promise<void> {
    return this.queue.stop();
  }

  /** Duplicates are rare: a group is first written as if there were none, and looked at only when the database says otherwise. */
  private async commit(group: readonly Candidate[]): Promise<Answer[]> {
    for (let tried = 0; ; tried += 1) {
      try {
        const answers = await this.parts.database.transaction((tx) => this.write(tx, group, tried > 0));
        faultPoint('ingest.accept.done');
        return answers;
      } catch (caught) {
        if (!takenKey(caught) || tried === tries) throw caught;
      }
    }
  }

  private async write(tx: Tx, group: readonly Candidate[], look: boolean): Promise<Answer[]> {
    const known = new Map<string, Map<string, string>>();
    if (look) {
      const keys = new Set(group.flatMap(({ arrival: { key } }) => key ?? []));
      for (const { key, content, id } of await findByKeys(tx, [...keys])) remember(known, key, content, id);
    }
    const fresh: { candidate: Candidate; id: string; variant: string }[] = [];
    const answers = group.map((candidate): Answer => {
      const answer = decide(candidate, known, this.parts.random.uuid());
      if ('variant' in answer) fresh.push({ candidate, id: answer.messageId, variant: answer.variant });
      return 'variant' in answer ? { messageId: answer.messageId, duplicate: false } : answer;
    });
    if (fresh.length > 0) await this.store(tx, fresh);
    return answers;
  }

  private async store(tx: Tx, fresh: readonly { candidate: Candidate; id: string; variant: string }[]): Promise<void> {
    const { transit, outbox, audit, clock } = this.parts;
    const receivedAt = clock.now();
    const payloads = await transit.putAll(
      tx,
      fresh.map(({ candidate }) => ({ header: candidate.arrival, parts: [...candidate.parts] })),
    );
    const rows = fresh.map(({ candidate, id, variant }, index): MessageRow => {
      const { kind, arrival, content, patientKey } = candidate;
      const payload = payloads[index] as string;
      const { feed, key = null } = arrival;
      const size = candidate.parts.at(-1)?.length ?? 0;
      return { id, kind, feed, key, variant, content, patientKey, size, payload, receivedAt };
    });
    await insertMessages(tx, rows);
    // one append, and last: it holds the order of its keys until the commit
    await outbox.append(tx, [...rows.map(accepted), ...audit.events(rows.map(received))]);
    faultPoint('ingest.accept.written');
  }
}

const accepted = ({ id, patientKey, payload, kind, feed, receivedAt }: MessageRow): EventMessage =>
  event('message.accepted', { id, key: patientKey }, { messageId: id, patientKey, payload, kind, feed, receivedAt });

const received = ({ id, patientKey }: MessageRow): AuditFact => ({
  action: 'message.received',
  outcome: 'success',
  entities: [
    { kind: 'message', id },
    { kind: 'patient', id: patientKey },
  ],
});

function remember(known: Map<string, Map<string, string>>, key: string, content: string, id: string): void {
  const same = known.get(key);
  if (same) same.set(content, id);
  else known.set(key, new Map([[content, id]]));
}

/** The same key and bytes: done once. The same key and other bytes: as the feed wants. Equal bytes alone say nothing. */
function decide(
  { kind, arrival: { key }, content, onConflict }: Candidate,
  known: Map<string, Map<string, string>>,
  id: string,
): Answer | { messageId: string; variant: string } {
  if (key === undefined) return { messageId: id, variant: '' };
  const earlier = known.get(key);
  const twin = earlier?.get(content);
  if (twin !== undefined) return { messageId: twin, duplicate: true };
  if (earlier && onConflict === 'refuse')
    return kind === 'hl7v2'
      ? problem('hl7.duplicate-conflict', { where: 'MSH-10' })
      : problem('request.conflict', { where: 'header.x-request-id', detail: 'the request id came with other content' });
  remember(known, key, content, id);
  return { messageId: id, variant: earlier ? content : '' };
}
