import { Body, Controller } from '@nestjs/common';
import { confirmRevocation, deliverLeaf, evaluateIndex, releaseEmergency, releaseFragments } from '@medshare/events';
import type { Peer } from '@medshare/peers';
import { Caller, PeerHandler } from '@medshare/peers/nest';
import type { z } from 'zod';
import { AcceptLeaf } from '../accept-leaf.js';
import { ConfirmRevocation } from '../confirm-revocation.js';
import { EvaluateIndex } from '../evaluate-index.js';
import { ReleaseEmergency } from '../release-emergency.js';
import { ReleaseFragments } from '../release-fragments.js';

/** What any member of the region may ask of this vault. */
@Controller()
export class RegionController {
  constructor(
    private readonly leaves: AcceptLeaf,
    private readonly index: EvaluateIndex,
    private readonly fragments: ReleaseFragments,
    private readonly emergencies: ReleaseEmergency,
    private readonly revocations: ConfirmRevocation,
  ) {}

  @PeerHandler(deliverLeaf)
  deliver(@Caller() { institution }: Peer, @Body() body: z.infer<typeof deliverLeaf.request>) {
    return this.leaves.accept(institution, body);
  }

  @PeerHandler(evaluateIndex)
  evaluate(@Caller() { institution }: Peer, @Body() body: z.infer<typeof evaluateIndex.request>) {
    return this.index.evaluate(institution, body);
  }

  @PeerHandler(releaseFragments)
  release(@Caller() { institution }: Peer, @Body() body: z.infer<typeof releaseFragments.request>) {
    return this.fragments.release(institution, body);
  }

  @PeerHandler(releaseEmergency)
  releaseAway(@Caller() { institution }: Peer, @Body() body: z.infer<typeof releaseEmergency.request>) {
    return this.emergencies.release(institution, body);
  }

  @PeerHandler(confirmRevocation)
  confirm(@Body() { requestId }: z.infer<typeof confirmRevocation.request>) {
    return this.revocations.confirm(requestId);
  }
}
