import { lossReport, mapMessage, toJsonBytes } from '@medshare/fhir';
import { problem, type OperationOutcome } from '@medshare/problems';
import type { Clock } from '@medshare/clock';
import { classify, type Classification, type LabelPolicy } from '@medshare/sensitivity';
import type { Ingest } from './assemble-ingest.js';
import { Refused, type FhirSource } from './read-fhir.js';

/** What would become of a message: nothing is stored. */
export interface Preview {
  /** the Bundle as it would be sealed, exact bytes as text */
  readonly bundle: string;
  readonly level: Classification['level'];
  readonly confidentiality: Classification['confidentiality'];
  readonly policy: string;
  readonly labels: Classification['labels'];
  readonly sections: readonly { readonly class: string; readonly entries: readonly number[]; readonly bytes: number }[];
  readonly issues: Classification['issues'];
  /** what the record does not hold of the message */
  readonly losses: OperationOutcome;
}

const decoder = new TextDecoder();

/** Maps and labels as the real way does, without effect. */
export class PreviewMessage {
  constructor(
    private readonly ingest: Pick<Ingest, 'readHl7v2' | 'readFhir' | 'hashes'>,
    private readonly policy: () => LabelPolicy,
    private readonly parts: { readonly institution: string; readonly clock: Clock },
  ) {}

  /** @throws Refused */
  hl7v2(bytes: Uint8Array): Preview {
    const found = this.ingest.readHl7v2.read(bytes);
    if (found.problems) throw new Refused(found.problems);
    if (!found.message || !found.feed) throw problem('internal');
    const { bundle, issues } = mapMessage(found.message, {
      feedZone: found.feed.zone,
      systems: found.feed.agreedIdentifierSystems ?? {},
      idFor: (place) => this.ingest.hashes.uuid('preview', place),
      source: `urn:medshare:institution:${this.parts.institution}`,
    });
    return this.preview(toJsonBytes(bundle), lossReport(issues));
  }

  /** @throws Refused, Problem */
  fhir(bytes: Uint8Array, source: FhirSource): Preview {
    return this.preview(this.ingest.readFhir.any(bytes, source).parts[0] ?? bytes, lossReport([]));
  }

  private preview(bundle: Uint8Array, losses: OperationOutcome): Preview {
    const { level, confidentiality, policyVersion, labels, sections, issues } = classify(bundle, this.policy());
    return {
      bundle: decoder.decode(bundle),
      level,
      confidentiality,
      policy: policyVersion,
      labels,
      sections: sections.map(({ class: name, entries, bytes }) => ({ class: name, entries, bytes: bytes.length })),
      issues,
      losses,
    };
  }
}
