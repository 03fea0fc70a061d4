import { Body, Controller, Inject } from '@nestjs/common';
import type { Member } from '@medshare/ledger/embedded';
import { blocksRoute, endorseRoute, orderRoute } from '@medshare/ledger/embedded-routes';
import { PeerHandler } from '@medshare/peers/nest';
import type { z } from 'zod';

/** Injection token of this institution's peer of the embedded ledger. */
export const MEMBER = Symbol('ledger member');

/** The embedded ledger's messages between members, over mutual TLS. */
@Controller()
export class MemberController {
  constructor(@Inject(MEMBER) private readonly member: Member) {}

  @PeerHandler(endorseRoute)
  endorse(@Body() proposal: z.infer<typeof endorseRoute.request>) {
    return this.member.endorse(proposal);
  }

  @PeerHandler(orderRoute)
  order(@Body() transaction: z.infer<typeof orderRoute.request>) {
    return this.member.order(transaction);
  }

  @PeerHandler(blocksRoute)
  blocks(@Body() request: z.infer<typeof blocksRoute.request>) {
    return this.member.blocks(request);
  }
}
