import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { cleanAttributes, cleanName } from './span-attributes.js';

/** Told after each export: how many spans, and whether the collector took them. */
export type Exported = (count: number, taken: boolean) => void;
type Done = Parameters<SpanExporter['export']>[1];

/** A span without what nobody allowed: attributes, events (an exception's message), the texts of its status and links. */
const clean = (span: ReadableSpan): ReadableSpan =>
  Object.create(span, {
    name: { value: cleanName(span.name) },
    attributes: { value: cleanAttributes(span.attributes) },
    events: { value: [] },
    status: { value: { code: span.status.code } },
    links: { value: span.links.map((link) => ({ context: link.context })) },
  }) as ReadableSpan;

/** The one gate through which spans leave the process, whoever made them. */
export class AllowedSpans implements SpanExporter {
  constructor(
    private readonly next: SpanExporter,
    private readonly exported: Exported = () => undefined,
  ) {}

  export(spans: ReadableSpan[], done: Done): void {
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
