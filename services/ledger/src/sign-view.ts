import type { View } from '@medshare/events';
import { readRequestState, requestSubject, signView, type Ledger } from '@medshare/ledger';
import type { RoleContext } from '@medshare/role';

/** Signs what this institution's own copy of the chain says of a request, at this moment. */
export class SignView {
  constructor(
    private readonly context: RoleContext,
    private readonly ledger: Ledger,
  ) {}

  async sign(requestId: string, nonce: string): Promise<View> {
    const { region, institution, clock, signingKey } = this.context;
    const { state, height, blockHash } = await readRequestState(this.ledger, requestId);
    return signView(region, signingKey.privateKey, {
      version: 1,
      region: region.region,
      kind: this.ledger.kind,
      subject: requestSubject(requestId),
      state,
      height,
      blockHash,
      time: clock.now(),
      nonce,
      institution,
    });
  }
}
