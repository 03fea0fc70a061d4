import { setTimeout as sleep } from 'node:timers/promises';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Tx } from '@medshare/database';
import { event, type Anchor, type EventMessage } from '@medshare/events';
import type { CommittedBlock, CommittedTransaction, Ledger } from '@medshare/ledger';
import { asProblem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import { beginStep } from '@medshare/telemetry';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { advanceCursor, lockCursor, markAnchored, markRefused, nextBlock, type AnchoredRow } from './store/anchors.js';

/** Wait before blocks are followed again after a failure, ms. */
const pause = 500;
const kinds = ['requested', 'approved', 'granted', 'revoked', 'emergency'] as const;
type Kind = (typeof kinds)[number];

/** Follows committed blocks with a cursor of its own: what a block says is told in the transaction that moves the cursor. */
export class FollowBlocks implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: RoleContext,
    private readonly ledger: Ledger,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        const from = await nextBlock(this.context.database);
        for await (const block of this.ledger.blocks(from, signal)) await this.follow(block);
      } catch (caught) {
        if (signal.aborted) return;
        this.context.logger.warn({ code: asProblem(caught).code }, 'blocks not followed, will retry');
      }
      // also when the chain's copy was closed before this role: its blocks end without an error
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  private async follow(block: CommittedBlock): Promise<void> {
    await this.context.database.transaction(async (tx) => {
      // another replica may have been faster
      if ((await lockCursor(tx)) > block.number) return;
      const messages: EventMessage[] = [];
      for (const transaction of block.transactions) {
        if (transaction.code !== 'valid') continue;
        messages.push(...(await this.anchored(tx, block, transaction)), ...this.changed(block, transaction));
      }
      if (messages.length > 0) await this.context.outbox.append(tx, messages);
      await advanceCursor(tx, block.number + 1);
      faultPoint('ledger.follow.written');
    });
    faultPoint('ledger.follow.done');
  }

  /** Marks the own anchors of a transaction, and says what is to be told and audited of them: in one append, for its locks. */
  private async anchored(tx: Tx, block: CommittedBlock, transaction: CommittedTransaction): Promise<EventMessage[]> {
    const { institution, audit } = this.context;
    if (transaction.function !== 'anchor' || transaction.creator !== institution) return [];
    const { anchors } = transaction.args as unknown as { anchors: Anchor[] };
    const { conflicts } = transaction.response as { conflicts: string[] };
    const standing = anchors.filter(({ tag }) => !conflicts.includes(tag));
    const rows = await markAnchored(tx, standing, { block: block.number, txId: transaction.txId });
    const refused = await markRefused(tx, conflicts);
    for (const recordId of refused)
      this.context.logger.error({ recordId, code: 'ledger.conflict' }, 'the tag of a record is taken by other content');
    const facts = [...refused.map(refusedFact), ...rows.map((row) => anchoredFact(row, block.number))];
    const traces = rows.map((row) => this.traced(row, block.number));
    const told = rows.map((row, index) => anchoredEvent(row, block.number, transaction.txId, traces[index]));
    return [...audit.events(facts), ...told];
  }

  /** The step in which a record turned out to be on the chain. @returns its traceparent, for those who are told */
  private traced({ record_id: record, traceparent }: AnchoredRow, block: number): string | undefined {
    if (traceparent === null) return undefined;
    const attributes = { 'medshare.record': record, 'medshare.block': block };
    const place = { institution: this.context.institution, role: 'ledger' };
    const step = beginStep('anchor', place, { parent: traceparent, attributes });
    step.end();
    return step.traceparent;
  }

  private changed(block: CommittedBlock, { events, txId }: CommittedTransaction): EventMessage[] {
    return events.flatMap(({ name, value }) => {
      if (!kinds.includes(name as Kind)) return [];
      const { requestId, owner, requester } = value as { requestId: string; owner: string; requester: string };
      const change = { kind: name as Kind, requestId, owner, requester, block: block.number };
      return [event('chain.changed', { id: `${name}/${txId}/${requestId}`, key: requestId }, change)];
    });
  }
}

const refusedFact = (id: string): AuditFact => ({
  action: 'record.anchored',
  outcome: 'refused',
  problem: 'ledger.conflict',
  entities: [{ kind: 'record', id }],
});

const anchoredFact = (row: AnchoredRow, block: number): AuditFact => ({
  action: 'record.anchored',
  outcome: 'success',
  entities: [
    { kind: 'record', id: row.record_id },
    { kind: 'block', id: String(block) },
  ],
});

const anchoredEvent = (row: AnchoredRow, block: number, txId: string, traceparent: string | undefined): EventMessage =>
  event(
    'record.anchored',
    {
      id: `anchored/${row.record_id}`,
      key: row.patient_key,
      ...(traceparent !== undefined && { headers: { traceparent } }),
    },
    {
      recordId: row.record_id,
      patientKey: row.patient_key,
      tag: row.tag,
      txId,
      block,
      receivedAt: Number(row.received_at),
    },
  );
