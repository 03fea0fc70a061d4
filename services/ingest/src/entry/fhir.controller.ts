import { Controller, Inject, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { asProblem, preferredLanguage, problem, toOperationOutcome } from '@medshare/problems';
import type { Ingest } from '../assemble-ingest.js';
import type { IngestSettings } from '../ingest.config.js';
import { INGEST, INGEST_SETTINGS } from '../ingest.tokens.js';
import { Refused } from '../read-fhir.js';
import { expectType, readBody, requestIdOf } from './read-body.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

export const fhirType = 'application/fhir+json';

/** FHIR R4, create interactions only (http://hl7.org/fhir/R4/http.html). */
@Controller('fhir')
@UseGuards(TokenGuard)
@Roles('feed')
export class FhirController {
  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(INGEST_SETTINGS) private readonly settings: IngestSettings,
  ) {}

  @Documented(documentation.receiveBundle)
  @Post()
  async interaction(@Req() request: Request, @Res() response: Response, @User() user: Principal): Promise<void> {
    await this.answer(request, response, user, async (bytes) => {
      const bundle = await this.ingest.receiveFhir.interaction(bytes, user, requestIdOf(request));
      response.status(200).type(fhirType).send(JSON.stringify(bundle));
    });
  }

  @Documented(documentation.createResource)
  @Post(':type')
  async create(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Param('type') type: string,
  ): Promise<void> {
    await this.answer(request, response, user, async (bytes) => {
      // kept as a record it would be taken for one that is enforced
      if (type === 'Consent')
        throw problem('fhir.unsupported', { where: 'Consent', detail: 'consents are recorded by the access role' });
      const location = await this.ingest.receiveFhir.resource(type, bytes, user, requestIdOf(request));
      response.status(201).location(`/fhir/${location}`).type(fhirType);
      response.send(JSON.stringify(toOperationOutcome([])));
    });
  }

  /** Every refusal is an OperationOutcome with all that was found, and is kept where it can be found. */
  private async answer(
    request: Request,
    response: Response,
    user: Principal,
    work: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    try {
      await work(await this.body(request, user));
    } catch (caught) {
      const problems = caught instanceof Refused ? caught.problems : ([asProblem(caught)] as const);
      // an unread body cannot be followed by another request
      if (!request.complete) response.setHeader('connection', 'close');
      response
        .status(problems[0].status)
        .type(fhirType)
        .send(JSON.stringify(toOperationOutcome(problems, preferredLanguage(request.headers['accept-language']))));
    }
  }

  private async body(request: Request, user: Principal): Promise<Uint8Array> {
    try {
      expectType(request, fhirType, 'application/json');
      // a search would be needed; a caller that relies on it must not believe that it was made
      if (request.headers['if-none-exist'] !== undefined)
        throw problem('fhir.unsupported', {
          where: 'header.if-none-exist',
          detail: 'conditional create is not offered',
        });
      return await readBody(request, this.settings.maxBodyBytes);
    } catch (caught) {
      return this.ingest.receiveFhir.refuseBody(asProblem(caught), user);
    }
  }
}
