import type { EventOf } from '@medshare/events';
import type { RoleContext } from '@medshare/role';
import type { IngestMetrics } from './ingest-metrics.js';
import type { KeyedHashes } from './keyed-hashes.js';
import { keptPlace } from './refuse-message.js';
import { replyPatience } from './reply-patience.js';
import { countParked, findParked } from './store/parked.js';
import { settleReply } from './store/replies.js';

type Parts = Pick<RoleContext, 'database' | 'outbox' | 'audit' | 'logger' | 'clock'>;

/**
 * Raises the alert that an acknowledged message waits for a person: an audit fact, a gauge and a warning. That it is parked is the
 * inbox's own note, so a crash between the two cannot hide it.
 */
export class ParkMessage {
  private parked = 0;

  constructor(
    private readonly parts: Parts,
    private readonly hashes: KeyedHashes,
    private readonly metrics: IngestMetrics,
  ) {}

  /** Looks whether the message is parked and tells of it. Repeated, it is the same fact. */
  async tell({ messageId, patientKey, feed }: EventOf<'message.accepted'>): Promise<void> {
    const { database, outbox, audit, logger, clock } = this.parts;
    const found = await findParked(database, messageId);
    if (!found) return;
    const entities = [
      { kind: 'message', id: messageId },
      { kind: 'patient', id: patientKey },
    ];
    const id = this.hashes.uuid(messageId, 'parked');
    const facts = audit.events([{ id, action: 'message.parked', outcome: 'failed', problem: found.code, entities }]);
    const where = keptPlace(found.where ?? undefined);
    const now = clock.now();
    await database.transaction(async (tx) => {
      // who asked for an application acknowledgement is told that nothing became of the message yet
      const verdict = { code: 'AE', problem: found.code, where } as const;
      await settleReply(tx, messageId, verdict, { now, giveUpAt: now + replyPatience });
      await outbox.append(tx, facts);
    });
    logger.warn({ id: messageId, feed, code: found.code, where }, 'a message waits for a person');
    await this.count();
  }

  /** After a message was done: one that had been parked leaves the gauge. */
  async settled(): Promise<void> {
    if (this.parked > 0) await this.count();
  }

  /** Brings the gauge up to date. */
  async count(): Promise<void> {
    this.parked = await countParked(this.parts.database);
    this.metrics.parked(this.parked);
  }
}
