import { event, type EventOf } from '@medshare/events';
import type { Tx } from '@medshare/database';
import { problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import { classify, type Classification, type LabelPolicy } from '@medshare/sensitivity';
import { fenced } from '@medshare/outbox';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { labelSections, type LabelledSection } from './label-sections.js';
import { queueReview, type ReviewItem } from './store/review.js';

type Received = EventOf<'record.received'>;
type Parts = Pick<RoleContext, 'transit' | 'outbox' | 'audit' | 'clock'>;

/** What the payload of `record.classified` says beside its bytes: one part a section, in order, then the source's own bytes. */
export interface ClassifiedHeader {
  readonly identifiers: unknown;
  readonly source: unknown;
  readonly classification: {
    readonly policy: string;
    readonly level: number;
    readonly confidentiality: string;
  };
  readonly sections: readonly LabelledSection[];
}

/** Labels a record and cuts it into sections of one sensitivity class each. */
export class ClassifyRecord {
  constructor(
    private readonly parts: Parts,
    private readonly policy: LabelPolicy,
  ) {}

  /**
   * @param others keys of the other streams that the record fences
   * @throws Problem fhir.json, fhir.invalid: the record waits for a person; blob.missing, storage.unavailable
   */
  async classify(tx: Tx, received: Received, others: readonly string[] = []): Promise<void> {
    const { transit, outbox, audit, clock } = this.parts;
    const { header, parts } = await transit.get(received.payload);
    const [bundle, raw] = parts;
    if (!bundle || !raw) throw problem('internal', { detail: 'a payload without its two parts' });
    const found = classify(bundle, this.policy);
    const payload = await transit.put(tx, {
      header: this.header(header, found),
      parts: [...found.sections.map(({ bytes }) => bytes), raw],
    });
    await queueReview(tx, received.recordId, reviewOf(found), clock.now());
    const fact: AuditFact = {
      action: 'record.classified',
      outcome: 'success',
      entities: [{ kind: 'record', id: received.recordId }],
    };
    const event = classified(received, payload, found.policyVersion);
    await outbox.append(tx, [...audit.events([fact]), ...fenced(event, others)]);
    faultPoint('classifier.written');
  }

  private header(received: unknown, found: Classification): ClassifiedHeader {
    const { identifiers, source } = received as { identifiers: unknown; source: unknown };
    const { policyVersion, level, confidentiality } = found;
    return {
      identifiers,
      source,
      classification: { policy: policyVersion, level, confidentiality },
      sections: labelSections(found, this.policy),
    };
  }
}

/** Words are weaker evidence than codes, and what was not looked into is no evidence at all. */
const reviewOf = ({ labels, issues }: Classification): ReviewItem[] => [
  ...labels
    .filter(({ basis }) => basis.kind === 'text')
    .map(({ path, category, basis }) => ({ path, category, rule: basis.rule })),
  ...issues.map(({ path, code }) => ({ path, rule: code })),
];

/** Its id follows from the record's: a second classification is the same event. */
const classified = (received: Received, payload: string, policy: string) => {
  const { recordId, patientKey, episode, receivedAt } = received;
  const value = { recordId, patientKey, episode, payload, policy, receivedAt };
  return event('record.classified', { id: `classified/${recordId}`, key: patientKey }, value);
};
