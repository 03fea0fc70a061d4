import { Controller, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { asProblem, preferredLanguage, toOperationOutcome } from '@medshare/problems';
import type { Ingest } from '../assemble-ingest.js';
import type { IngestSettings } from '../ingest.config.js';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { INGEST, INGEST_SETTINGS } from '../ingest.tokens.js';
import { PreviewMessage, type Preview } from '../preview-message.js';
import { Refused } from '../read-fhir.js';
import { fhirType } from './fhir.controller.js';
import { hl7Type } from './hl7v2.controller.js';
import { expectType, readBody } from './read-body.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

/** Shows an integration engineer what would become of a message; nothing of it is kept. */
@Controller()
@UseGuards(TokenGuard)
@Roles('feed', 'integration-engineer')
export class PreviewController {
  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(INGEST_SETTINGS) private readonly settings: IngestSettings,
    @Inject(ROLE_CONTEXT) private readonly context: RoleContext,
    private readonly previews: PreviewMessage,
  ) {}

  @Documented(documentation.previewHl7v2)
  @Post('hl7v2/$preview')
  @HttpCode(200)
  hl7v2(@Req() request: Request, @Res() response: Response, @User() user: Principal): Promise<void> {
    return this.answer(request, response, user, [hl7Type], (bytes) => this.previews.hl7v2(bytes));
  }

  @Documented(documentation.previewFhir)
  @Post('fhir/$preview')
  @HttpCode(200)
  fhir(@Req() request: Request, @Res() response: Response, @User() user: Principal): Promise<void> {
    return this.answer(request, response, user, [fhirType, 'application/json'], (bytes) =>
      this.previews.fhir(bytes, this.ingest.receiveFhir.sourceOf(user, undefined)),
    );
  }

  private async answer(
    request: Request,
    response: Response,
    user: Principal,
    types: readonly string[],
    preview: (bytes: Uint8Array) => Preview,
  ): Promise<void> {
    try {
      expectType(request, ...types);
      const { bundle, ...rest } = preview(await readBody(request, this.settings.maxBodyBytes));
      await this.told(user);
      // the Bundle's own characters: written anew, its decimals would lose their digits
      response.status(200).type('application/json');
      response.send(`{"bundle":${bundle},${JSON.stringify(rest).slice(1)}`);
    } catch (caught) {
      const problems = caught instanceof Refused ? caught.problems : ([asProblem(caught)] as const);
      if (!request.complete) response.setHeader('connection', 'close');
      response
        .status(problems[0].status)
        .type(fhirType)
        .send(JSON.stringify(toOperationOutcome(problems, preferredLanguage(request.headers['accept-language']))));
    }
  }

  /** Somebody saw a mapped message: that is a fact of the audit log, and the only trace. */
  private async told({ subject, roles }: Principal): Promise<void> {
    const { database, audit } = this.context;
    const agent = { person: subject.slice(0, 128), roles: roles.slice(0, 20) };
    await database.transaction((tx) =>
      audit.append(tx, { action: 'message.previewed', outcome: 'success', agent, entities: [] }),
    );
  }
}
