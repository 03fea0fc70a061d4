import { indexTag } from '@medshare/crypto/oprf';
import type { Tx } from '@medshare/database';
import { event, type Anchor, type EventOf } from '@medshare/events';
import { fenced, isTransient } from '@medshare/outbox';
import { problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { classifiedHeader, type ClassifiedHeader } from './classified-header.js';
import type { IndexPatient, PatientIndex } from './index-patient.js';
import type { MakeDeal } from './make-deal.js';
import type { SealSection, SectionDraft, SectionSealed } from './seal-section.js';
import { sealManifest, signManifest } from './sealed-manifest.js';
import { nextCounter } from './store/patients.js';
import { insertRecord, isSealed } from './store/records.js';

type Classified = EventOf<'record.classified'>;
type Parts = Pick<
  RoleContext,
  'institution' | 'region' | 'suite' | 'random' | 'clock' | 'blobs' | 'transit' | 'signingKey' | 'outbox' | 'audit'
>;

/** Bytes of salt in a sealed manifest. */
const manifestSalt = 16;

/**
 * A classified record becomes ciphertext and an anchor. Everything that will be submitted is written in the caller's transaction, so
 * that a crash submits the same bytes; a crash before its commit leaves blobs that nothing names and no counter behind.
 */
export class SealRecord {
  constructor(
    private readonly parts: Parts,
    private readonly index: IndexPatient,
    private readonly deals: MakeDeal,
    private readonly sections: SealSection,
  ) {}

  /**
   * What may take other institutions' time, before the transaction. What fails for good is left to `seal`, which fails alike.
   * @throws Problem vault.key-unavailable (transient): the region's vaults are away
   */
  async prepare({ patientKey, payload, recordId }: Classified): Promise<void> {
    const identifiers = async () => classifiedHeader.parse((await this.parts.transit.get(payload)).header).identifiers;
    await this.index.prepare(patientKey, identifiers, recordId).catch((caught: unknown) => {
      if (isTransient(caught)) throw caught;
    });
  }

  /**
   * A record that is sealed already stays as it is.
   * @param others keys of the other streams that the record fences
   * @throws Problem vault.key-unavailable (transient): the region's vaults are away
   */
  async seal(tx: Tx, classified: Classified, others: readonly string[] = []): Promise<void> {
    if (await isSealed(tx, classified.recordId)) return;
    const { header, parts } = await this.parts.transit.get(classified.payload);
    const read = classifiedHeader.parse(header);
    if (parts.length !== read.sections.length + 1)
      throw problem('internal', { detail: 'a payload of another shape than its header' });
    const index = await this.index.forRecord(tx, classified.patientKey, read.identifiers, classified.recordId);
    const { drafts, facts } = await this.draft(tx, classified, read, parts);
    const sealed = await Promise.all(drafts.map((draft) => this.sections.seal(classified.recordId, draft)));
    const anchor = await this.anchor(tx, classified, index, sealed);
    await this.announce(tx, classified, anchor, { facts: [...index.facts, ...facts], others });
    faultPoint('vault.written');
  }

  private async draft(
    tx: Tx,
    { patientKey, episode }: Classified,
    { sections, source }: ClassifiedHeader,
    parts: Uint8Array[],
  ) {
    const drafts: SectionDraft[] = [];
    const facts: AuditFact[] = [];
    for (const [i, { class: sectionClass, level, labels }] of sections.entries()) {
      const made = await this.deals.dealFor(tx, { patientKey, episode, class: sectionClass });
      facts.push(...made.facts);
      const header = { class: sectionClass, level, labels };
      drafts.push({ bytes: part(parts, i), header, shared: { deal: made.deal, class: sectionClass, level } });
    }
    drafts.push({ bytes: part(parts, sections.length), header: { source } });
    return { drafts, facts };
  }

  /** The last steps: the counter's row stays locked from here to the commit. */
  private async anchor(tx: Tx, classified: Classified, index: PatientIndex, sealed: SectionSealed[]): Promise<Anchor> {
    const { institution, region, suite, random, clock, blobs, signingKey } = this.parts;
    const counter = await nextCounter(tx, index.id);
    const tag = indexTag(suite, index.key, region.region, institution, counter);
    const manifest = signManifest(suite, signingKey.privateKey, {
      region: region.region,
      institution,
      tag,
      record: classified.recordId,
      sections: sealed.map((one) => one.sealed),
    });
    const bytes = await sealManifest(suite, index.key, manifest, random.bytes(manifestSalt));
    const { cid } = await blobs.put(bytes);
    faultPoint('vault.blobs.done');
    const { recordRoot, sealRoot } = manifest;
    const anchor: Anchor = { version: 1, kind: 'record', suite: suite.name, tag, recordRoot, sealRoot, manifest: cid };
    const { recordId: id, patientKey, episode, receivedAt } = classified;
    const rows = sealed.map(({ row }) => row);
    const record = {
      id,
      patientKey,
      episode,
      indexId: index.id,
      counter,
      anchor,
      manifest: bytes,
      receivedAt,
      sections: rows,
    };
    await insertRecord(tx, record, clock.now());
    return anchor;
  }

  private async announce(
    tx: Tx,
    classified: Classified,
    anchor: Anchor,
    { facts, others }: { facts: AuditFact[]; others: readonly string[] },
  ): Promise<void> {
    const { institution, outbox, audit } = this.parts;
    const { recordId, patientKey, receivedAt } = classified;
    const done: AuditFact = {
      action: 'record.sealed',
      outcome: 'success',
      entities: [
        { kind: 'record', id: recordId },
        { kind: 'tag', id: anchor.tag },
      ],
    };
    const value = { recordId, patientKey, institution, anchor, receivedAt };
    await outbox.append(tx, [
      ...audit.events([...facts, done]),
      ...fenced(event('record.sealed', { id: `sealed/${recordId}`, key: patientKey }, value), others),
    ]);
  }
}

function part(parts: readonly Uint8Array[], i: number): Uint8Array {
  const bytes = parts[i];
  if (!bytes) throw problem('internal', { detail: 'a payload without all its parts' });
  return bytes;
}
