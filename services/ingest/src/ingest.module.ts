import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { loadLabelPolicy, type LabelPolicy } from '@medshare/sensitivity';
import { assembleIngest, type Ingest } from './assemble-ingest.js';
import { FhirController } from './entry/fhir.controller.js';
import { Hl7v2Controller } from './entry/hl7v2.controller.js';
import { MessagesConsumer } from './entry/messages.consumer.js';
import { MessagesController } from './entry/messages.controller.js';
import { MllpServer } from './entry/mllp-server.js';
import { ProcessMessageController } from './entry/process-message.controller.js';
import { PreviewController } from './entry/preview.controller.js';
import { WebhookController } from './entry/webhook.controller.js';
import { WebhooksController } from './entry/webhooks.controller.js';
import type { IngestSettings } from './ingest.config.js';
import { createIngestMetrics } from './create-ingest-metrics.js';
import { FollowMessage } from './follow-message.js';
import { INGEST, INGEST_SETTINGS } from './ingest.tokens.js';
import { ProcessMessage } from './process-message.js';
import { PreviewMessage } from './preview-message.js';
import { ReadContent } from './read-content.js';
import { ReportLosses } from './report-losses.js';
import { WatchLag } from './watch-lag.js';

/** Brings the gauge of parked messages up at start; at the end, commits what was read, after the listeners have closed. */
class Lifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly ingest: Ingest,
    private readonly mllp: MllpServer,
    private readonly lag: WatchLag,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.ingest.parkMessage.count();
    this.lag.onApplicationBootstrap();
    await this.mllp.listen();
    this.ingest.deliverReplies.start();
    this.ingest.fetchSource.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.lag.onApplicationShutdown(), this.ingest.fetchSource.stop()]);
    // what waits for a sender's answer is released when its connection closes; what is due stays
    const delivering = this.ingest.deliverReplies.stop();
    await this.mllp.stop();
    await delivering;
    await Promise.all([this.ingest.accept.stop(), this.ingest.refuse.stop()]);
  }
}

/** HL7 v2 and FHIR in; durable before it is acknowledged; `record.received` out. */
export class IngestModule {
  static register(context: RoleContext, settings: IngestSettings): DynamicModule {
    const feeds = settings.mllp.feeds.map(({ name }) => name);
    const metrics = createIngestMetrics(context.metrics, feeds);
    const ingest = assembleIngest(context, settings, metrics);
    const mllp = new MllpServer(settings.mllp, ingest, { ...context, metrics });
    let policy: LabelPolicy | undefined;
    const labels = () => (policy ??= loadLabelPolicy(context.policyFiles('labels')));
    const provide = <T extends object>(instance: T) => ({ provide: instance.constructor, useValue: instance });
    return {
      module: IngestModule,
      // before FhirController: `fhir/$preview` and `fhir/$process-message` are no resource types
      controllers: [
        PreviewController,
        ProcessMessageController,
        FhirController,
        Hl7v2Controller,
        MessagesController,
        MessagesConsumer,
        WebhookController,
        WebhooksController,
      ],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        { provide: INGEST, useValue: ingest },
        { provide: INGEST_SETTINGS, useValue: settings },
        provide(mllp),
        provide(new PreviewMessage(ingest, labels, context)),
        provide(new FollowMessage(context)),
        provide(new ReadContent(context)),
        provide(new ReportLosses(context)),
        provide(new Lifecycle(ingest, mllp, new WatchLag(context, metrics, feeds))),
        provide(new ProcessMessage(context, ingest.receiveFhir)),
      ],
      exports: [MllpServer],
    };
  }
}
