import type { tracing } from '@opentelemetry/sdk-node';
import { cleanAttributes, cleanName } from './span-attributes.js';

/** Told after each export: how many spans, and whether the collector took them. */
export type Exported = (count: number, taken: boolean) => void;
type Done = Parameters<tracing.SpanExporter['export']>[1];

/** A span without what nobody allowed: attributes, events (an exception's message), the texts of its status and links. */
const clean = (span: tracing.ReadableSpan): tracing.ReadableSpan =>
  Object.create(span, {
    name: { value: cleanName(span.name) },
    attributes: { value: cleanAttributes(span.attributes) },
    events: { value: [] },
    status: { value: { code: span.status.code } },
    links: { value: span.links.map((link) => ({ context: link.context })) },
  }) as tracing.ReadableSpan;

/** The one gate through which spans leave the process, whoever made them. */
export class AllowedSpans implements tracing.SpanExporter {
  constructor(
    private readonly next: tracing.SpanExporter,
    private readonly exported: Exported = () => undefined,
  ) {}

  export(spans: tracing.ReadableSpan[], done: Done): void {
    this.next.export(spans.map(clean), (result) => {
      this.exported(spans.length, result.code === 0);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.next.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.next.forceFlush?.();
  }
}
