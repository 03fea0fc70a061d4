import { suite, type Suite } from '@medshare/crypto';
import { indexTag } from '@medshare/crypto/oprf';
import { anchor as anchorShape, lookUpAnchors, type Anchor, type findAnchors, type Manifest } from '@medshare/events';
import { asProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import type { IndexPatient } from './index-patient.js';
import { memberOf } from './members.js';
import { checkManifest, openManifest } from './sealed-manifest.js';

type Body = z.infer<typeof findAnchors.request>;
type Answer = z.infer<typeof findAnchors.response>;
type Parts = Pick<RoleContext, 'institution' | 'region' | 'suite' | 'peers' | 'blobs' | 'audit' | 'patientKey'>;

/** Counters beyond the last anchored one that are still looked at: a crash may have left some behind for a while. */
const lookahead = 32;
/** Most anchors of one patient. */
const most = { records: 10_000, damaged: 1000 };
/** Most bytes of a sealed manifest: 256 sections and padding. */
const maxManifestBytes = 1024 * 1024;
/** Manifests fetched at the same time. */
const parallel = 8;

interface Found {
  institution: string;
  tag: string;
  /** As the chain has it, not yet read. */
  document: unknown;
}

/** Finds a patient's records in the whole region with nothing but an agreed identifier. */
export class FindAnchors {
  constructor(
    private readonly parts: Parts,
    private readonly index: IndexPatient,
  ) {}

  /** What does not verify is named under `damaged` and nothing of it is given. @throws Problem patient.not-searchable, vault.key-unavailable */
  async find({ identifier, reference, purpose }: Body): Promise<Answer> {
    const { region, audit, patientKey } = this.parts;
    const key = await this.index.forSearch(identifier, reference);
    const found = (await Promise.all(region.members.map(({ id }) => this.walk(key, id)))).flat();
    const answer = await this.readAll(key, found);
    await audit.record({
      action: 'index.searched',
      outcome: 'success',
      purpose,
      entities: [
        { kind: 'ask', id: reference },
        { kind: 'patient', id: patientKey(identifier.system, identifier.value) },
      ],
    });
    return answer;
  }

  /** A member's counters from 0 until nothing was anchored under so many in a row. */
  private async walk(key: Uint8Array, institution: string): Promise<Found[]> {
    const { peers, region, suite: used } = this.parts;
    const found: Found[] = [];
    let next = 0;
    for (let last = -1; next <= last + lookahead && found.length < most.records;) {
      const window = Array.from({ length: last + lookahead - next + 1 }, (_, i) => next + i);
      const counters = new Map(window.map((n) => [indexTag(used, key, region.region, institution, n), n]));
      const { anchors } = await peers.call(lookUpAnchors, this.parts.institution, {
        institution,
        tags: [...counters.keys()],
      });
      for (const { tag, anchor } of anchors) {
        last = Math.max(last, counters.get(tag) ?? -1);
        found.push({ institution, tag, document: anchor });
      }
      next += window.length;
    }
    return found;
  }

  private async readAll(key: Uint8Array, found: Found[]): Promise<Answer> {
    const answer: Answer = { records: [], damaged: [] };
    for (let at = 0; at < found.length; at += parallel) {
      const batch = found.slice(at, at + parallel);
      const read = await Promise.allSettled(batch.map((one) => this.read(key, one)));
      read.forEach((result, i) => {
        const { institution, tag } = batch[i] ?? { institution: '', tag: '' };
        if (result.status === 'rejected')
          answer.damaged.push({ institution, tag, problem: asProblem(result.reason).code });
        else if (result.value) answer.records.push({ institution, ...result.value });
      });
    }
    if (answer.records.length > most.records || answer.damaged.length > most.damaged)
      throw problem('request.too-large', { where: 'anchors', detail: 'more than one answer can hold' });
    return answer;
  }

  /** @returns undefined for a void counter */
  private async read(
    key: Uint8Array,
    { institution, tag, document }: Found,
  ): Promise<{ anchor: Anchor; manifest: Manifest } | undefined> {
    const parsed = anchorShape.safeParse(document);
    if (!parsed.success || parsed.data.tag !== tag) throw problem('ledger.tampered', { where: tag });
    const anchor = parsed.data;
    if (anchor.kind === 'void') return undefined;
    const used: Suite = suite(anchor.suite);
    const place = { region: this.parts.region.region, institution, tag };
    const manifest = await openManifest(used, key, place, await this.fetch(anchor.manifest));
    const vaultKey = memberOf(this.parts.region, institution)?.keys.vault ?? '';
    checkManifest(used, vaultKey, place, anchor, manifest);
    return { anchor, manifest };
  }

  private async fetch(cid: string): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of this.parts.blobs.get(cid)) {
      total += chunk.length;
      if (total > maxManifestBytes) throw problem('request.too-large', { where: cid });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}
