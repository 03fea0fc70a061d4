import type { Ask, EmergencyReason, StaffCertificate } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { ReaderStore } from './store/reader-store.js';

/** What the reader must remember of an ask, and never shows: whom it is about. */
export interface AskSecrets {
  identifier: { system: string; value: string };
  relation: 'treating' | 'none';
  certificate: StaffCertificate;
  signature: string;
  /** Of an emergency. */
  reason?: EmergencyReason;
}

/** Asks as they are kept: the reading key and the patient's identifier only wrapped. */
export class StoredAsks {
  constructor(
    private readonly context: RoleContext,
    private readonly store: ReaderStore,
  ) {}

  /** @throws Problem request.not-found for an ask that is not the caller's own */
  async own(principal: Principal, askId: string) {
    const row = isUuid(askId) ? await this.store.ask.findUnique({ where: { id: askId } }) : null;
    if (row && row.username !== principal.username) await recordStranger(this.context, principal, 'ask', askId);
    if (row?.username !== principal.username) throw problem('request.not-found', { where: 'askId' });
    return { ...row, body: row.body as unknown as Ask };
  }

  async seal(askId: string, secrets: AskSecrets): Promise<Buffer<ArrayBuffer>> {
    const bytes = new TextEncoder().encode(JSON.stringify(secrets));
    return Buffer.from(await this.context.keyEncryption.wrap(bytes, `ask/${askId}`));
  }

  async secrets(askId: string, sealed: Uint8Array | null): Promise<AskSecrets> {
    if (!sealed) throw problem('request.conflict', { where: 'askId', detail: 'still a draft, or ended' });
    const bytes = await this.context.keyEncryption.unwrap(sealed, `ask/${askId}`);
    return JSON.parse(new TextDecoder().decode(bytes)) as AskSecrets;
  }

  async readerKey(askId: string, wrapped: Uint8Array | null): Promise<Uint8Array> {
    if (!wrapped) throw problem('access.expired', { where: 'askId', detail: 'the reading key was erased' });
    return this.context.keyEncryption.unwrap(wrapped, `reader/${askId}`);
  }
}

/** Somebody reached for what a colleague asked for: told "not found", and written down. */
export async function recordStranger(
  { audit }: Pick<RoleContext, 'audit'>,
  { username, roles }: Principal,
  kind: 'ask' | 'bundle',
  id: string,
): Promise<void> {
  await audit.record({
    action: 'section.refused',
    outcome: 'refused',
    problem: 'auth.forbidden',
    agent: { person: username, roles: [...roles] },
    entities: [{ kind, id }],
  });
}

export const isUuid = (value: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
