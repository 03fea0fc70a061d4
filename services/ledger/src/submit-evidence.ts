import { setTimeout as sleep } from 'node:timers/promises';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Ledger } from '@medshare/ledger';
import { asProblem } from '@medshare/problems';
import { isTransient } from '@medshare/outbox';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { Gauge } from '@medshare/telemetry';
import { evidenceBacklog, settleEvidence, waitingEvidence, type WaitingEvidence } from './store/evidence.js';

/** Pause between two looks at the queue, ms: the chain may just have come back. */
const idle = 1000;
/** Evidence brought to the chain in one round. */
const most = 20;

/**
 * Brings evidence of emergencies to the chain once it is back, oldest first. What the chain refuses stays and is named: a release without
 * evidence is what somebody must look at. What fails otherwise waits, and keeps nothing else from the chain.
 */
export class SubmitEvidence implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private readonly gauges: { waiting: Gauge; refused: Gauge; oldest: Gauge };

  constructor(
    private readonly context: RoleContext,
    private readonly ledger: Ledger,
  ) {
    const gauge = (name: string, help: string) => context.metrics.gauge(name, help);
    this.gauges = {
      waiting: gauge('emergency_evidence_waiting', 'Releases made while the chain was away that it does not show yet'),
      refused: gauge('emergency_evidence_refused', 'Releases made while the chain was away whose evidence it refused'),
      oldest: gauge('emergency_evidence_oldest_seconds', 'Age of the oldest release that the chain does not show yet'),
    };
  }

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
        await this.round();
      } catch (caught) {
        const { code, where } = asProblem(caught);
        if (!signal.aborted) this.context.logger.warn({ code, where }, 'evidence not submitted, will retry');
      }
      await sleep(idle, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One look at the queue. @throws Problem what keeps the chain away */
  async round(): Promise<void> {
    await this.measure();
    const waiting = await waitingEvidence(this.context.database, most);
    for (const one of waiting) {
      if (this.stop.signal.aborted) return;
      await this.bring(one);
    }
    if (waiting.length > 0) await this.measure();
  }

  /** @throws Problem what would keep all others away too */
  private async bring(one: WaitingEvidence): Promise<void> {
    const requestId = one.body.request.id;
    try {
      const { block, response } = await this.ledger.submit('emergency', one.body as never);
      const { lateMs } = response as { lateMs: number };
      const facts = { block: String(block), 'late-ms': String(lateMs) };
      await this.settle(one, { state: 'anchored', block, lateMs }, facts);
    } catch (caught) {
      const fault = asProblem(caught);
      const { code, where } = fault;
      if (isTransient(fault)) throw fault;
      if (!/^(access\.|ledger\.refused)/.test(code))
        return this.context.logger.error(
          { requestId, code, where },
          'the evidence of a release is not submitted, will retry',
        );
      this.context.logger.error({ requestId, code }, 'the chain refuses the evidence of a release');
      await this.settle(one, { state: 'refused', problem: code }, {});
    }
  }

  private settle(
    { id, body }: WaitingEvidence,
    settled: Parameters<typeof settleEvidence>[2],
    facts: Record<string, string>,
  ): Promise<void> {
    const { database, audit } = this.context;
    const { problem } = settled;
    const fact: AuditFact = {
      action: 'emergency.anchored',
      outcome: problem ? 'refused' : 'success',
      ...(problem && { problem }),
      entities: [
        { kind: 'request', id: body.request.id },
        ...(body.release ? [{ kind: 'leaf', id: body.release.leaf }] : []),
        ...Object.entries(facts).map(([kind, value]) => ({ kind, id: value })),
      ],
    };
    return database.transaction(async (tx) => {
      if (await settleEvidence(tx, id, settled)) await audit.append(tx, fact);
    });
  }

  private async measure(): Promise<void> {
    const { waiting, refused, oldest } = await evidenceBacklog(this.context.database);
    this.gauges.waiting.set(waiting);
    this.gauges.refused.set(refused);
    this.gauges.oldest.set(oldest === undefined ? 0 : Math.max(0, (this.context.clock.now() - oldest) / 1000));
  }
}
