import { Controller, HttpCode, Inject, Param, Post, Put, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '@medshare/identity';
import { Roles, User } from '@medshare/identity/nest';
import { Documented } from '@medshare/openapi';
import { asProblem, preferredLanguage, problem, toOperationOutcome, type Problem } from '@medshare/problems';
import type { Ingest } from '../assemble-ingest.js';
import type { IngestSettings } from '../ingest.config.js';
import { INGEST, INGEST_SETTINGS } from '../ingest.tokens.js';
import { Refused } from '../read-fhir.js';
import type { FeedName } from '../take-version.js';
import { fhirType } from './fhir.controller.js';
import { expectType, readBody } from './read-body.js';
import { WebhookGuard } from './webhook-guard.js';
import * as documentation from './webhook-documentation.js';

/**
 * Where FHIR subscriptions of other systems deliver: R4's channel rest-hook (http://hl7.org/fhir/R4/subscription.html), and notifications of the
 * Subscriptions R5 Backport IG. Answered once durable.
 */
@Controller('webhooks/fhir')
@UseGuards(WebhookGuard)
@Roles('feed')
export class WebhookController {
  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(INGEST_SETTINGS) private readonly settings: IngestSettings,
  ) {}

  @Documented(documentation.notify)
  @Post()
  @HttpCode(200)
  async notify(@Req() request: Request, @Res() response: Response, @User() user: Principal): Promise<void> {
    await this.answer(request, response, user, async (feed, bytes) => {
      if (bytes.length > 0) return this.ingest.receiveWebhook.notification(bytes, feed);
      await this.ingest.receiveWebhook.changed(feed);
      return [];
    });
  }

  @Documented(documentation.deliver)
  @Put(':type/:id')
  async deliver(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Param('type') type: string,
    @Param('id') id: string,
  ): Promise<void> {
    await this.answer(request, response, user, async (feed, bytes) => {
      if (bytes.length === 0)
        throw new Refused([problem('request.malformed', { where: 'body', detail: 'it is empty' })]);
      await this.ingest.receiveWebhook.resource({ type, id }, bytes, feed);
      return [];
    });
  }

  /** Every answer is an OperationOutcome; what of a notification was refused stands in it, though the rest was taken. */
  private async answer(
    request: Request,
    response: Response,
    user: Principal,
    work: (feed: FeedName, bytes: Uint8Array) => Promise<readonly Problem[]>,
  ): Promise<void> {
    const say = (status: number, problems: readonly Problem[]) => {
      const language = preferredLanguage(request.headers['accept-language']);
      response
        .status(status)
        .type(fhirType)
        .send(JSON.stringify(toOperationOutcome(problems, language)));
    };
    try {
      const { feed: name, zone } = this.ingest.receiveFhir.sourceOf(user, undefined);
      const feed = { name, zone };
      say(200, await work(feed, await this.body(request, feed)));
    } catch (caught) {
      const problems = caught instanceof Refused ? caught.problems : ([asProblem(caught)] as const);
      // an unread body cannot be followed by another request
      if (!request.complete) response.setHeader('connection', 'close');
      say(problems[0].status, problems);
    }
  }

  private async body(request: Request, feed: FeedName): Promise<Uint8Array> {
    try {
      const bytes = await readBody(request, this.settings.maxBodyBytes);
      // a notification without a payload has no type either
      if (bytes.length > 0) expectType(request, fhirType, 'application/json');
      return bytes;
    } catch (caught) {
      return this.ingest.receiveWebhook.refuseBody(asProblem(caught), feed);
    }
  }
}
