import { Body, Controller } from '@nestjs/common';
import { collectApprovals, countersignAsk, decideAsk, noticeRequest } from '@medshare/events';
import type { Peer } from '@medshare/peers';
import { Caller, PeerHandler } from '@medshare/peers/nest';
import type { z } from 'zod';
import { ApproveAway } from '../approve-away.js';
import { CountersignAsk } from '../countersign-ask.js';
import { DecideAsk } from '../decide-ask.js';
import { NoticeRequest } from '../notice-request.js';
import { OpenReview } from '../open-review.js';

/** What other institutions, and the own reader, ask of the access role. */
@Controller()
export class PeersController {
  constructor(
    private readonly asks: DecideAsk,
    private readonly notices: NoticeRequest,
    private readonly countersigning: CountersignAsk,
    private readonly reviews: OpenReview,
    private readonly away: ApproveAway,
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
  async countersign(@Body() body: z.infer<typeof countersignAsk.request>) {
    const envelope = this.countersigning.countersign(body);
    await this.reviews.open(body);
    return { envelope };
  }

  @PeerHandler(collectApprovals)
  async approvals(@Body() { requestId }: z.infer<typeof collectApprovals.request>, @Caller() { institution }: Peer) {
    return { approvals: await this.away.collected(institution, requestId) };
  }
}
