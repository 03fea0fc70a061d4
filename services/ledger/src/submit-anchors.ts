import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Ledger } from '@medshare/ledger';
import { asProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { beginStep, traced } from '@medshare/telemetry';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { waitingAnchors, type WaitingAnchor } from './store/anchors.js';

/** Longest wait before the queue is looked at again without being told, ms. */
const idle = 1000;
/** After a batch that was not full, what follows shortly shares the next block; the first anchor after a pause goes at once. */
const gather = 200;
/** Wait after a failed submission, doubled up to the limit, ms. */
const backoff = { first: 100, limit: 5000 };

/** Brings queued anchors to the chain in batches, oldest first, one batch at a time; resubmission is harmless. */
export class SubmitAnchors implements OnApplicationBootstrap, OnApplicationShutdown {
  private stopping = false;
  private running: Promise<void> = Promise.resolve();
  private wakeUp: () => void = () => undefined;
  private endPause: () => void = () => undefined;
  private woken = false;

  constructor(
    private readonly context: RoleContext,
    private readonly ledger: Ledger,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.wake();
    this.endPause();
    await this.running;
  }

  /** Tells that there may be something to submit. It ends idling, never the pause after a failure. */
  wake(): void {
    this.woken = true;
    this.wakeUp();
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      try {
        this.woken = false;
        const submitted = await this.submitBatch();
        failures = 0;
        if (submitted > 0) await this.gather(submitted);
        else if (!this.woken) await this.sleep(idle, (end) => (this.wakeUp = end));
      } catch (caught) {
        failures += 1;
        const { code, where } = asProblem(caught);
        this.context.logger.warn({ code, where, attempt: failures }, 'anchors not submitted, will retry');
        const pause = Math.min(backoff.first * 2 ** failures, backoff.limit);
        if (!this.stopping) await this.sleep(pause, (end) => (this.endPause = end));
      }
    }
  }

  private async submitBatch(): Promise<number> {
    const { database, region } = this.context;
    const waiting = await waitingAnchors(database, region.limits.anchorsPerBatch);
    if (waiting.length === 0) return 0;
    await this.followed(await this.submit(waiting));
    return waiting.length;
  }

  /** A batch is a step of its own, linked with the records' traces; each of those has its part of it as a step too. */
  private submit(waiting: readonly WaitingAnchor[]): Promise<number> {
    const { institution } = this.context;
    const place = { institution, role: 'ledger' };
    const links = waiting.map(({ traceparent }) => traceparent ?? undefined);
    const attributes = { 'medshare.count': waiting.length };
    return traced('submit', place, { parent: 'none', kind: 'client', links, attributes }, async (batch) => {
      const steps = waiting.flatMap(({ record_id: record, traceparent }) =>
        traceparent === null
          ? []
          : beginStep('submit', place, {
              parent: traceparent,
              links: [batch.traceparent],
              attributes: { 'medshare.record': record },
            }),
      );
      try {
        faultPoint('ledger.submit.entered');
        const { block } = await this.ledger.submit('anchor', { institution, anchors: waiting.map(({ body }) => body) });
        faultPoint('ledger.submit.done');
        for (const step of [batch, ...steps]) step.set({ 'medshare.block': block });
        steps.forEach((step) => step.end());
        return block;
      } catch (caught) {
        steps.forEach((step) => step.end(caught));
        throw caught;
      }
    });
  }

  /** The rows leave the queue when the block is followed; until then the same batch must not be taken again. */
  private async followed(block: number): Promise<void> {
    const { database } = this.context;
    for (let waited = 0; waited < 50 && !this.stopping; waited += 1) {
      const { rows } = await database.query<{ next: string }>('SELECT next FROM cursor');
      if (Number(rows[0]?.next ?? 0) > block) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async gather(submitted: number): Promise<void> {
    if (this.stopping || submitted >= this.context.region.limits.anchorsPerBatch) return;
    await new Promise((resolve) => setTimeout(resolve, gather));
  }

  private sleep(ms: number, hand: (end: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      hand(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
