import { Body, Controller } from '@nestjs/common';
import { describeLeaves, findAnchors, findDeals, findPatientDeals } from '@medshare/events';
import { PeerHandler } from '@medshare/peers/nest';
import type { z } from 'zod';
import { FindAnchors } from '../find-anchors.js';
import { FindDeals } from '../find-deals.js';

/** What only the institution's own roles may ask of this vault. */
@Controller()
export class InstitutionController {
  constructor(
    private readonly anchors: FindAnchors,
    private readonly deals: FindDeals,
  ) {}

  @PeerHandler(findAnchors)
  find(@Body() body: z.infer<typeof findAnchors.request>) {
    return this.anchors.find(body);
  }

  @PeerHandler(findDeals)
  dealsOf(@Body() { tags }: z.infer<typeof findDeals.request>) {
    return this.deals.find(tags);
  }

  @PeerHandler(findPatientDeals)
  dealsOfPatient(@Body() { patient }: z.infer<typeof findPatientDeals.request>) {
    return this.deals.ofPatient(patient);
  }

  @PeerHandler(describeLeaves)
  leavesOf(@Body() { dealId }: z.infer<typeof describeLeaves.request>) {
    return this.deals.describe(dealId);
  }
}
