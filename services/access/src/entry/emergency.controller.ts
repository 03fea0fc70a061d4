import { Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { emergencyApprovalBody, reviewBody, reviewFilter } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { JsonBody } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import type { z } from 'zod';
import { ApproveAway } from '../approve-away.js';
import { CloseReview } from '../close-review.js';
import { ListNotifications } from '../list-notifications.js';
import { ListReviews } from '../list-reviews.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';
import { requestIdOf } from './request-id.js';

/** What follows breaking the glass: approvals while the chain is away, reviews, and what patients are told. */
@Controller('access')
@UseGuards(TokenGuard)
export class EmergencyController {
  constructor(
    private readonly away: ApproveAway,
    private readonly reviews: ListReviews,
    private readonly closing: CloseReview,
    private readonly told: ListNotifications,
  ) {}

  @Documented(documentation.approveAway)
  @Post('emergency-approvals/:requestId')
  @HttpCode(200)
  @Roles('ed', 'attending', 'privacy-officer', 'clinician')
  async approve(
    @User() user: Principal,
    @Param('requestId') id: string,
    @JsonBody(emergencyApprovalBody) body: z.infer<typeof emergencyApprovalBody>,
  ) {
    const requestId = requestIdOf(id);
    return { requestId, ...(await this.away.byStaff(user, requestId, body)) };
  }

  @Documented(documentation.listReviews)
  @Get('reviews')
  @Roles('privacy-officer', 'regulator')
  async waiting(@User() user: Principal, @Query('state') state?: string) {
    const filter = reviewFilter.safeParse(state ?? 'due');
    if (!filter.success)
      throw problem('request.invalid', { where: 'query.state', detail: `one of ${reviewFilter.options.join(', ')}` });
    return { reviews: await this.reviews.list(user, filter.data) };
  }

  @Documented(documentation.closeReview)
  @Post('reviews/:reviewId')
  @HttpCode(200)
  @Roles('privacy-officer')
  async close(
    @User() user: Principal,
    @Param('reviewId') reviewId: string,
    @JsonBody(reviewBody) body: z.infer<typeof reviewBody>,
  ) {
    return { reviewId, state: await this.closing.close(user, reviewId, body) };
  }

  @Documented(documentation.listNotifications)
  @Get('notifications')
  @Roles('patient')
  async notifications(@User() user: Principal) {
    return { notifications: await this.told.list(user) };
  }
}
