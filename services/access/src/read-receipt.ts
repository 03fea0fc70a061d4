import type { DecisionReceipt } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { AccessStore } from './store/access-store.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A decision receipt as it was signed. */
export class ReadReceipt {
  constructor(private readonly store: AccessStore) {}

  async read(id: string): Promise<DecisionReceipt> {
    const found = uuid.test(id) ? await this.store.receipt.findUnique({ where: { id } }) : null;
    if (!found) throw problem('request.not-found', { where: 'path.id' });
    return found.body as unknown as DecisionReceipt;
  }
}
