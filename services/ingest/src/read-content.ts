import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { findMessage } from './store/browse.js';

type Parts = Pick<RoleContext, 'database' | 'transit' | 'audit'>;

/** A message's bytes as they came, for whoever may see them. No audit entry, no content. */
export class ReadContent {
  constructor(private readonly parts: Parts) {}

  /** @throws Problem request.not-found, request.gone past the retention of payloads, audit.unavailable */
  async read(id: string, { subject, roles }: Principal, reason: string): Promise<{ kind: string; bytes: Uint8Array }> {
    const { database, transit, audit } = this.parts;
    const found = await findMessage(database, id);
    if (!found) throw problem('request.not-found', { where: 'message' });
    const { parts } = await transit.get(found.payload).catch(() => {
      throw problem('request.gone', { where: 'message', detail: 'its bytes are past their retention' });
    });
    const bytes = parts.at(-1);
    if (!bytes) throw problem('internal', { detail: 'a payload without bytes' });
    await audit.record({
      action: 'message.content-read',
      outcome: 'success',
      agent: { person: subject.slice(0, 128), roles: roles.slice(0, 20) },
      reason,
      entities: [{ kind: 'message', id }],
    });
    return { kind: found.kind, bytes };
  }
}
