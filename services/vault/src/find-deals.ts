import type { describeLeaves, findDeals } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { writeDeal } from './deal-document.js';
import { dealsOfIdentifier, dealsOfTags } from './store/deals.js';
import { leavesOfDeal } from './store/leaves.js';

/** Most deals of one answer. */
const most = 1000;

/** What the institution's own access role asks of its vault. */
export class FindDeals {
  constructor(private readonly parts: Pick<RoleContext, 'database'>) {}

  /** Deals behind tags of own records; tags of others are passed over. */
  async find(tags: readonly string[]): Promise<z.infer<typeof findDeals.response>> {
    const found = await dealsOfTags(this.parts.database, tags, most);
    return {
      deals: found.map(({ deal, patient, ...rest }) => ({
        deal: writeDeal(deal),
        ...rest,
        ...(patient && { patient }),
      })),
    };
  }

  /** Deals of everything held of a patient, by the HMAC of an agreed identifier. */
  async ofPatient(patient: string): Promise<z.infer<typeof findDeals.response>> {
    const found = await dealsOfIdentifier(this.parts.database, patient, most);
    return { deals: found.map(({ deal, ...rest }) => ({ deal: writeDeal(deal), ...rest })) };
  }

  /** The leaves held here of a deal, its formula and its dealer. @throws Problem request.not-found */
  async describe(dealId: string): Promise<z.infer<typeof describeLeaves.response>> {
    const held = await leavesOfDeal(this.parts.database, dealId);
    const [first] = held;
    if (!first) throw problem('request.not-found', { where: 'dealId' });
    return { leaves: held.map(({ leaf }) => leaf), formula: writeDeal(first.deal).formula, dealer: first.dealer };
  }
}
