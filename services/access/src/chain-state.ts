import { documentHash } from '@medshare/crypto';
import { grant, readState, request, submitTransaction, type Grant, type Request } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';

/** What the region's chain says of access requests, read and written through the institution's ledger role. */
export class ChainState {
  constructor(private readonly context: RoleContext) {}

  /** @throws Problem ledger.unavailable while the own copy has not reached the request yet */
  async request(requestId: string): Promise<{ request: Request; grant: Grant | undefined }> {
    const keys = [`request/${requestId}`, `grant/${requestId}`];
    const { entries } = await this.context.peers.call(readState, this.context.institution, { keys });
    const values = new Map(entries.map(({ key, value }) => [key, value]));
    const found = values.get(keys[0] ?? '');
    if (found === undefined)
      throw problem('ledger.unavailable', { where: 'requestId', detail: 'not committed here yet' });
    const granted = values.get(keys[1] ?? '');
    return { request: request.parse(found), grant: granted === undefined ? undefined : grant.parse(granted) };
  }

  /** The same of many, in one reading; those that the own copy has not reached are left out. */
  async requests(requestIds: string[]): Promise<Map<string, { request: Request; grant: Grant | undefined }>> {
    if (requestIds.length === 0) return new Map();
    const keys = requestIds.flatMap((id) => [`request/${id}`, `grant/${id}`]);
    const { entries } = await this.context.peers.call(readState, this.context.institution, { keys });
    const values = new Map(entries.map(({ key, value }) => [key, value]));
    const states = requestIds.flatMap((id) => {
      const [found, granted] = [values.get(`request/${id}`), values.get(`grant/${id}`)];
      if (found === undefined) return [];
      return [[id, { request: request.parse(found), grant: granted === undefined ? undefined : grant.parse(granted) }]];
    });
    return new Map(states as [string, { request: Request; grant: Grant | undefined }][]);
  }

  async submit(
    name: 'request' | 'approve' | 'revoke' | 'consent',
    args: object,
  ): Promise<{ block: number; response: unknown }> {
    return this.context.peers.call(submitTransaction, this.context.institution, {
      function: name,
      args: args as never,
    });
  }

  /** What approvals and revocations are signed over. */
  hashOf(document: Request): string {
    return documentHash(this.context.suite, 'request', 1, document);
  }
}
