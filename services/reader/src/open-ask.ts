import { canonical, openCapsules, suite, toBase64url } from '@medshare/crypto';
import {
  findAnchors,
  type AnchoredCapsule,
  type Manifest,
  type OpenResponse,
  type SealedSection,
} from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { asProblem, problem } from '@medshare/problems';
import { inclusionProof, leafHash } from '@medshare/proofs';
import type { RoleContext } from '@medshare/role';
import { askTraceparent, currentTraceparent, traced } from '@medshare/telemetry';
import type { CollectFragments } from './collect-fragments.js';
import type { OpenSection } from './open-section.js';
import type { Granted, ProveGrant } from './prove-grant.js';
import type { StoreOpened } from './store-opened.js';
import type { ReaderStore, RequestRow as Row } from './store/reader-store.js';
import type { StoredAsks } from './stored-ask.js';

type Found = { institution: string; manifest: Manifest; anchor: AnchoredCapsule['anchor'] };
type Wanted = { found: Found; section: SealedSection };

/** Capsules asked for in one call: one proof serves them all. */
const batch = 64;

/** Opens what the ask's granted requests permit now: sections of the granted deals that were not opened before. */
export class OpenAsk {
  constructor(
    private readonly context: RoleContext,
    private readonly store: ReaderStore,
    private readonly asks: StoredAsks,
    private readonly grants: ProveGrant,
    private readonly fragments: CollectFragments,
    private readonly sections: OpenSection,
    private readonly opened: StoreOpened,
  ) {}

  /** A step of the ask's trace, linked with the request that set it off. */
  open(principal: Principal, askId: string): Promise<OpenResponse> {
    const place = { institution: this.context.institution, role: 'reader' };
    const options = {
      parent: askTraceparent(askId),
      links: [currentTraceparent()],
      attributes: { 'medshare.ask': askId },
    };
    return traced('open', place, options, () => this.openAll(principal, askId));
  }

  private async openAll(principal: Principal, askId: string): Promise<OpenResponse> {
    const ask = await this.asks.own(principal, askId);
    const { identifier } = await this.asks.secrets(askId, ask.sealed);
    const readerKey = await this.asks.readerKey(askId, ask.readerKey);
    const { records, damaged } = await this.context.peers.call(findAnchors, this.context.institution, {
      identifier,
      reference: askId,
      purpose: ask.body.purpose,
    });
    const rows = await this.store.request.findMany({ where: { askId } });
    const refused: OpenResponse['refused'] = damaged.map(({ institution, problem: code, tag }) => ({
      owner: institution,
      problem: code,
      where: tag,
    }));
    for (const row of rows) {
      try {
        refused.push(...(await this.openRequest(principal, row, records, readerKey, ask.answer)));
      } catch (caught) {
        const { code, where } = asProblem(caught);
        refused.push({
          owner: row.owner,
          class: row.class,
          requestId: row.id,
          problem: code,
          ...(where ? { where } : {}),
        });
        await this.auditRefusal(row, code, principal);
      }
    }
    return { askId, opened: await this.opened.list(askId), refused };
  }

  private async openRequest(
    principal: Principal,
    row: Row,
    records: Found[],
    readerKey: Uint8Array,
    answer: unknown,
  ): Promise<OpenResponse['refused']> {
    try {
      return await this.openProven(principal, row, records, () => this.grants.of(row, readerKey, answer));
    } catch (caught) {
      if (!(await this.grants.mayGoWithoutChain(row, asProblem(caught)))) throw caught;
      return this.openProven(principal, row, records, () => this.grants.byApprovals(row, readerKey, answer));
    }
  }

  private async openProven(
    principal: Principal,
    row: Row,
    records: Found[],
    prove: () => Promise<Granted>,
  ): Promise<OpenResponse['refused']> {
    const granted = await prove();
    const wanted = await this.wanted(row, granted.deal.id, records);
    const refused: OpenResponse['refused'] = [];
    for (let at = 0; at < wanted.length; at += batch) {
      // views live for one lease only: each batch brings fresh ones
      const current = at === 0 ? granted : await prove();
      refused.push(...(await this.openBatch(principal, row, current, wanted.slice(at, at + batch))));
    }
    return refused;
  }

  private async wanted(row: Row, dealId: string, records: Found[]): Promise<Wanted[]> {
    const known = await this.opened.sections(row.askId);
    return records
      .filter(({ institution }) => institution === row.owner)
      .flatMap((found) =>
        found.manifest.sections
          .filter(({ capsule, section }) => capsule?.deal === dealId && !known.has(section))
          .map((section) => ({ found, section })),
      );
  }

  private async openBatch(
    principal: Principal,
    row: Row,
    granted: Granted,
    wanted: Wanted[],
  ): Promise<OpenResponse['refused']> {
    const capsules = wanted.map(({ found, section }) => this.prove(found, section));
    const fragments = await this.fragments.collect(granted, capsules);
    const bare = wanted.flatMap(({ section }) => (section.capsule ? [section.capsule] : []));
    const keys = openCapsules(suite(granted.deal.suite), granted.deal, bare, fragments);
    const refused: OpenResponse['refused'] = [];
    for (const [index, { found, section }] of wanted.entries()) {
      try {
        const key = keys[index];
        if (!key) throw problem('vault.capsule', { where: section.section });
        await this.openOne(principal, row, granted, { found, section }, key);
      } catch (caught) {
        const { code } = asProblem(caught);
        refused.push({
          owner: row.owner,
          class: row.class,
          requestId: row.id,
          section: section.section,
          problem: code,
        });
        await this.auditRefusal(row, code, principal, section.section);
      }
    }
    return refused;
  }

  /** A step that names its record, as the steps of the record's own trace do. */
  private openOne(principal: Principal, row: Row, granted: Granted, of: Wanted, key: Uint8Array): Promise<void> {
    const { found, section } = of;
    const place = { institution: this.context.institution, role: 'reader' };
    return traced('open', place, { attributes: { 'medshare.record': found.manifest.record } }, async () => {
      const opened = await this.sections.open(found.manifest, section, key);
      await this.opened.keep(row, found, section, opened, granted.request.ask.purpose, principal);
    });
  }

  private prove({ institution, manifest, anchor }: Found, section: SealedSection): AnchoredCapsule {
    const used = suite(manifest.suite);
    const hash = (...parts: Uint8Array[]) => used.hash(...parts);
    const leaves = manifest.sections.map((one) => leafHash(hash, new TextEncoder().encode(canonical(one as never))));
    const index = manifest.sections.indexOf(section);
    const proof = inclusionProof(hash, leaves, index).map(toBase64url);
    return { anchor, institution, section, index, size: leaves.length, proof };
  }

  private async auditRefusal(row: Row, code: string, principal: Principal, section?: string): Promise<void> {
    await this.context.audit.record({
      action: 'section.refused',
      outcome: 'refused',
      problem: code,
      agent: { person: principal.username, roles: [...principal.roles] },
      entities: [{ kind: 'request', id: row.id }, ...(section ? [{ kind: 'section', id: section }] : [])],
    });
  }
}
