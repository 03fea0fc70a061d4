import { lossReport } from '@medshare/fhir';
import { problem, type OperationOutcome } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { findMessage } from './store/browse.js';
import { findLosses } from './store/losses.js';

/** Tells what a record does not hold of the message that it was made of. */
export class ReportLosses {
  constructor(private readonly parts: Pick<RoleContext, 'database'>) {}

  /** @throws Problem request.not-found for a message that is unknown, or no record yet */
  async of(messageId: string): Promise<OperationOutcome> {
    const { database } = this.parts;
    const message = await findMessage(database, messageId);
    if (message === undefined) throw problem('request.not-found', { where: 'message' });
    if (message.state !== 'mapped')
      throw problem('request.not-found', { where: 'message', detail: 'it has become no record' });
    const found = await findLosses(database, messageId);
    return lossReport(found?.issues ?? []);
  }
}
