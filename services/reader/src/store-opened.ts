import { documentHash, frame, fromBase64url, openBytes, sealBytes, unframe } from '@medshare/crypto';
import type { OpenResponse, SealedSection, Manifest } from '@medshare/events';
import { uuidFrom } from '@medshare/fhir';
import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { OpenedSection } from './open-section.js';
import type { ReaderStore } from './store/reader-store.js';
import { isUuid, recordStranger } from './stored-ask.js';

const sealingOf = (bundle: string, key: Uint8Array) => ({
  key,
  use: 'opened',
  record: bundle,
  section: 'bundle',
  epoch: 0,
});

interface RequestRow {
  id: string;
  askId: string;
  owner: string;
  class: string;
  expiresAt: Date;
}

/** Keeps opened sections sealed until their grant expires, and serves them to this institution's EHR. */
export class StoreOpened {
  constructor(
    private readonly context: RoleContext,
    private readonly store: ReaderStore,
  ) {}

  /** Audited before it is kept: no audit entry, no opened section. */
  async keep(
    row: RequestRow,
    { manifest }: { manifest: Manifest },
    section: SealedSection,
    opened: OpenedSection,
    purpose: string,
    { username, roles }: Pick<Principal, 'username' | 'roles'>,
  ): Promise<void> {
    const { suite, audit } = this.context;
    // opened twice at once, or again after a crash, it is one bundle and one entry
    const content = { askId: row.askId, section: section.section };
    const [bundle, id] = ['bundle', 'bundle-entry'].map((use) =>
      uuidFrom(fromBase64url(documentHash(suite, use, 1, content))),
    ) as [string, string];
    await audit.record({
      id,
      action: 'section.opened',
      agent: { person: username, roles: [...roles] },
      outcome: 'success',
      purpose,
      entities: [
        { kind: 'request', id: row.id },
        { kind: 'record', id: manifest.record },
        { kind: 'section', id: section.section },
        { kind: 'bundle', id: bundle },
      ],
    });
    await this.store.opened.createMany({
      data: [
        {
          bundle,
          askId: row.askId,
          requestId: row.id,
          owner: row.owner,
          record: manifest.record,
          section: section.section,
          class: row.class,
          digest: opened.digest,
          bytes: await this.seal(bundle, opened.bytes),
          expiresAt: row.expiresAt,
        },
      ],
      skipDuplicates: true,
    });
  }

  async sections(askId: string): Promise<Set<string>> {
    const rows = await this.store.opened.findMany({ where: { askId }, select: { section: true } });
    return new Set(rows.map(({ section }) => section));
  }

  async list(askId: string): Promise<OpenResponse['opened']> {
    const rows = await this.store.opened.findMany({
      where: { askId, expiresAt: { gt: new Date(this.context.clock.now()) } },
      select: { bundle: true, owner: true, record: true, class: true, digest: true },
      orderBy: [{ owner: 'asc' }, { record: 'asc' }, { class: 'asc' }],
    });
    return rows;
  }

  /** The exact bytes that were sealed. @throws Problem request.not-found for what is not there, expired, or somebody else's */
  async read(principal: Principal, bundle: string): Promise<Uint8Array> {
    const { clock, audit } = this.context;
    const row = isUuid(bundle) ? await this.store.opened.findUnique({ where: { bundle } }) : null;
    const ask = row && (await this.store.ask.findUnique({ where: { id: row.askId } }));
    if (ask && ask.username !== principal.username) await recordStranger(this.context, principal, 'bundle', bundle);
    if (!row || !ask || ask.username !== principal.username || row.expiresAt.getTime() <= clock.now())
      throw problem('request.not-found', { where: 'Bundle' });
    await audit.record({
      action: 'bundle.read',
      outcome: 'success',
      agent: { person: principal.username, roles: [...principal.roles] },
      entities: [
        { kind: 'bundle', id: bundle },
        { kind: 'request', id: row.requestId },
      ],
    });
    return this.unseal(bundle, row.bytes);
  }

  /** Under a key of its own, which stands wrapped beside it. */
  private async seal(bundle: string, bytes: Uint8Array): Promise<Buffer<ArrayBuffer>> {
    const { suite, random, keyEncryption } = this.context;
    const key = random.bytes(32);
    const wrapped = await keyEncryption.wrap(key, `opened/${bundle}`);
    return Buffer.from(frame(wrapped, await sealBytes(suite, sealingOf(bundle, key), bytes)));
  }

  private async unseal(bundle: string, stored: Uint8Array): Promise<Uint8Array> {
    const { suite, keyEncryption } = this.context;
    const [wrapped, sealed] = unframe(stored);
    if (!wrapped || !sealed) throw problem('vault.tampered', { where: `Bundle/${bundle}` });
    return openBytes(suite, sealingOf(bundle, await keyEncryption.unwrap(wrapped, `opened/${bundle}`)), sealed);
  }

  /** Erases what has expired: opened sections, reading keys, identifiers. */
  async expire(): Promise<void> {
    const before = { lte: new Date(this.context.clock.now()) };
    await this.store.opened.deleteMany({ where: { expiresAt: before } });
    await this.store.ask.updateMany({
      where: { expiresAt: before, state: { not: 'closed' } },
      data: { state: 'closed', readerKey: null, sealed: null },
    });
  }
}
