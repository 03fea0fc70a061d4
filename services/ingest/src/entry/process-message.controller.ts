import { Controller, HttpCode, Inject, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { asProblem, problem, toOperationOutcome } from '@medshare/problems';
import type { Ingest } from '../assemble-ingest.js';
import type { IngestSettings } from '../ingest.config.js';
import { INGEST, INGEST_SETTINGS } from '../ingest.tokens.js';
import { ProcessMessage } from '../process-message.js';
import { Refused } from '../read-fhir.js';
import { fhirType } from './fhir.controller.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';
import { expectType, readBody, requestIdOf } from './read-body.js';

/** FHIR messaging (http://hl7.org/fhir/R4/messaging.html). */
@Controller()
@UseGuards(TokenGuard)
@Roles('feed')
export class ProcessMessageController {
  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(INGEST_SETTINGS) private readonly settings: IngestSettings,
    private readonly messages: ProcessMessage,
  ) {}

  /**
   * Synchronous: the response message, 200 when it is kept, else the status of what was wrong. `async=true`: 202 and nothing more once
   * the message is kept; a response message is posted nowhere, least of all to an address that the caller names.
   */
  @Documented(documentation.processMessage)
  @Post('fhir/$process-message')
  @HttpCode(200)
  async process(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Query('async') async?: string,
    @Query('response-url') responseUrl?: string,
  ): Promise<void> {
    try {
      expectType(request, fhirType, 'application/json');
      if (responseUrl !== undefined)
        throw problem('fhir.unsupported', {
          where: 'query.response-url',
          detail: 'responses are not posted to addresses',
        });
      if (async !== undefined && async !== 'true' && async !== 'false')
        throw problem('request.invalid', { where: 'query.async', detail: 'true or false' });
      const bytes = await readBody(request, this.settings.maxBodyBytes);
      const { code, status, bundle } = await this.messages.process(bytes, user, requestIdOf(request));
      if (async === 'true' && code === 'ok') return void response.status(202).end();
      response.status(status).type(fhirType).send(JSON.stringify(bundle));
    } catch (caught) {
      if (!request.complete) response.setHeader('connection', 'close');
      const why = caught instanceof Refused ? caught.problems : [asProblem(caught)];
      const refused = await this.refused(why[0] ?? asProblem(caught), user);
      response
        .status(refused.status)
        .type(fhirType)
        .send(JSON.stringify(toOperationOutcome(why)));
    }
  }

  /** What is no message is a refusal like any other. */
  private async refused(why: Refused['problems'][0], user: Principal): Promise<Refused['problems'][0]> {
    await this.ingest.receiveFhir.refuseBody(why, user).catch(() => undefined);
    return why;
  }
}
