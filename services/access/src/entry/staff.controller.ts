import { Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { approvalBody, certificateRequest, evaluateBody, revocationBody, whatWouldSeeBody } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { JsonBody } from '@medshare/peers/nest';
import type { z } from 'zod';
import { InstitutionPolicy } from '../access-policy.js';
import { ApproveRequest } from '../approve-request.js';
import { IssueCertificate } from '../issue-certificate.js';
import { ListApprovals } from '../list-approvals.js';
import { RevokeRequest } from '../revoke-request.js';
import { GiveReplayMaterial } from '../replay-material.js';
import { TellWhatWouldSee } from '../tell-what-would-see.js';
import { ReadReceipt } from '../read-receipt.js';
import { requestIdOf } from './request-id.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

const staff = ['clinician', 'attending', 'privacy-officer', 'ed', 'researcher', 'billing', 'admin'] as const;

/** What the institution's own people do: certify a key, see what waits for them, approve, revoke, ask what would be decided. */
@Controller('access')
@UseGuards(TokenGuard)
export class StaffController {
  constructor(
    private readonly certificates: IssueCertificate,
    private readonly approvals: ApproveRequest,
    private readonly pending: ListApprovals,
    private readonly revocations: RevokeRequest,
    private readonly policy: InstitutionPolicy,
    private readonly receipts: ReadReceipt,
    private readonly materials: GiveReplayMaterial,
    private readonly telling: TellWhatWouldSee,
  ) {}

  @Documented(documentation.certifyKey)
  @Post('certificates')
  @Roles(...staff, 'patient')
  async certify(@User() user: Principal, @JsonBody(certificateRequest) body: z.infer<typeof certificateRequest>) {
    return { certificate: await this.certificates.toStaff(user, body) };
  }

  @Documented(documentation.listApprovals)
  @Get('approvals')
  @Roles(...staff)
  async waiting(@User() user: Principal) {
    return { approvals: await this.pending.list(user) };
  }

  @Documented(documentation.approveRequest)
  @Post('approvals/:requestId')
  @HttpCode(200)
  @Roles(...staff)
  async approve(
    @User() user: Principal,
    @Param('requestId') id: string,
    @JsonBody(approvalBody) body: z.infer<typeof approvalBody>,
  ) {
    const requestId = requestIdOf(id);
    return { requestId, ...(await this.approvals.byStaff(user, requestId, body)) };
  }

  @Documented(documentation.revokeRequest)
  @Post('revocations/:requestId')
  @HttpCode(200)
  @Roles(...staff, 'patient')
  async revoke(
    @User() user: Principal,
    @Param('requestId') id: string,
    @JsonBody(revocationBody) body: z.infer<typeof revocationBody>,
  ) {
    const requestId = requestIdOf(id);
    return { requestId, ...(await this.revocations.revoke(user, requestId, body)) };
  }

  @Documented(documentation.evaluate)
  @Post('$evaluate')
  @HttpCode(200)
  @Roles(...staff, 'regulator')
  evaluate(@JsonBody(evaluateBody) body: z.infer<typeof evaluateBody>) {
    return this.policy.evaluate(body);
  }

  @Documented(documentation.whatWouldSee)
  @Post('$what-would-see')
  @HttpCode(200)
  @Roles('privacy-officer', 'patient')
  whatWouldSee(@User() user: Principal, @JsonBody(whatWouldSeeBody) body: z.infer<typeof whatWouldSeeBody>) {
    return this.telling.tell(user, body);
  }

  @Documented(documentation.readMaterial)
  @Get('receipts/:id/material')
  @Roles('regulator')
  material(@User() user: Principal, @Param('id') id: string) {
    return this.materials.of(user, id);
  }

  @Documented(documentation.readReceipt)
  @Get('receipts/:id')
  @Roles('privacy-officer', 'regulator')
  receipt(@Param('id') id: string) {
    return this.receipts.read(id);
  }
}
