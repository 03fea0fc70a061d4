import { Controller, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Roles, TokenGuard } from '@medshare/identity/nest';
import { asProblem } from '@medshare/problems';
import { INGEST, INGEST_SETTINGS } from '../ingest.tokens.js';
import type { Ingest } from '../assemble-ingest.js';
import type { IngestSettings } from '../ingest.config.js';
import { expectType, readBody } from './read-body.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

export const hl7Type = 'application/hl7-v2';

/** HL7 v2 over HTTP (HAPI's and HL7's "HL7 over HTTP"): the message is the body, the acknowledgement the answer. */
@Controller('hl7v2')
@UseGuards(TokenGuard)
@Roles('feed')
export class Hl7v2Controller {
  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(INGEST_SETTINGS) private readonly settings: IngestSettings,
  ) {}

  @Documented(documentation.receiveHl7v2)
  @Post()
  async receive(@Req() request: Request, @Res() response: Response): Promise<void> {
    const bytes = await this.body(request);
    const { bytes: ack, code, problems } = await this.ingest.receiveHl7v2.receive(bytes, 'http');
    const status = code === 'AA' ? 200 : (problems[0]?.status ?? 500);
    response.status(status).type(hl7Type).send(Buffer.from(ack));
  }

  /** A body that cannot be read is a refusal like any other. */
  private async body(request: Request): Promise<Uint8Array> {
    try {
      expectType(request, hl7Type);
      return await readBody(request, this.settings.maxBodyBytes);
    } catch (caught) {
      await this.ingest.refuse.refuse({ via: 'http', kind: 'hl7v2', problems: [asProblem(caught)] });
      throw caught;
    }
  }
}
