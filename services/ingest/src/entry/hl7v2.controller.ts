import { Controller, Get, Inject, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Roles, TokenGuard } from '@medshare/identity/nest';
import { asProblem, problem } from '@medshare/problems';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { INGEST, INGEST_SETTINGS } from '../ingest.tokens.js';
import type { Ingest } from '../assemble-ingest.js';
import type { IngestSettings } from '../ingest.config.js';
import type { Acknowledged } from '../receive-hl7v2.js';
import { findReply, noteDelivered } from '../store/replies.js';
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
    @Inject(ROLE_CONTEXT) private readonly context: RoleContext,
  ) {}

  @Documented(documentation.receiveHl7v2)
  @Post()
  async receive(@Req() request: Request, @Res() response: Response): Promise<void> {
    const bytes = await this.body(request);
    const { acknowledged, batch } = await this.ingest.receiveFrame.receive(bytes, { via: 'http' });
    // a batch is answered as a whole: what became of each message stands in its acknowledgement
    if (batch) return void send(response, 200, this.ingest.receiveFrame.wrap(batch, acknowledged));
    const [only] = acknowledged as [Acknowledged];
    const status = only.problems[0]?.status ?? (only.bytes ? 200 : 202);
    send(response, status, only.bytes);
  }

  /**
   * The application acknowledgement of a message in enhanced mode, by MSH-3, MSH-4 and MSH-10 as they stood in it: for senders that no
   * connection leads back to. 200 with it, 202 while the message is worked on, 204 when none was wanted, 404 when none was asked for.
   */
  @Documented(documentation.fetchAcknowledgement)
  @Get('acknowledgement')
  async acknowledgement(@Query() query: Record<string, unknown>, @Res() response: Response): Promise<void> {
    const [application, facility, controlId] = ['MSH-3', 'MSH-4', 'MSH-10'].map((name) => fieldOf(query, name));
    if (!controlId) throw problem('request.invalid', { where: 'query.MSH-10', detail: 'it is required' });
    const key = this.ingest.hashes.message('hl7v2', application ?? '', facility ?? '', controlId);
    const found = await findReply(this.context.database, key);
    if (!found) throw problem('request.not-found', { detail: 'no message asked for an acknowledgement under this id' });
    if (!found.reply) return void send(response, 202, undefined);
    if (found.state === 'unwanted') return void send(response, 204, undefined);
    const { bytes } = await this.ingest.writeReply.write(found.reply, false);
    await noteDelivered(this.context.database, found.reply.messageId, this.context.clock.now());
    send(response, 200, bytes);
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

function send(response: Response, status: number, bytes: Uint8Array | undefined): void {
  response.status(status);
  if (bytes) response.type(hl7Type).send(Buffer.from(bytes));
  else response.end();
}

function fieldOf(query: Record<string, unknown>, name: string): string {
  const value = query[name] ?? '';
  if (typeof value !== 'string' || value.length > 512) throw problem('request.invalid', { where: `query.${name}` });
  return value;
}
