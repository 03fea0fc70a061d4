import { Body, Controller } from '@nestjs/common';
import { countersignAsk, decideAsk, noticeRequest } from '@medshare/events';
import type { Peer } from '@medshare/peers';
import { Caller, PeerHandler } from '@medshare/peers/nest';
import type { z } from 'zod';
import { CountersignAsk } from '../countersign-ask.js';
import { DecideAsk } from '../decide-ask.js';
import { NoticeRequest } from '../notice-request.js';

/** What other institutions, and the own reader, ask of the access role. */
@Controller()
export class PeersController {
  constructor(
    private readonly asks: DecideAsk,
    private readonly notices: NoticeRequest,
    private readonly countersigning: CountersignAsk,
  ) {}

  @PeerHandler(decideAsk)
  decide(@Body() envelope: z.infer<typeof decideAsk.request>, @Caller() { institution }: Peer) {
    return this.asks.decide(institution, envelope);
  }

  @PeerHandler(noticeRequest)
  async notice(@Body() notice: z.infer<typeof noticeRequest.request>, @Caller() { institution }: Peer) {
    return { leaves: await this.notices.note(institution, notice) };
  }

  @PeerHandler(countersignAsk)
  countersign(@Body() body: z.infer<typeof countersignAsk.request>) {
    return { envelope: this.countersigning.countersign(body) };
  }
}
