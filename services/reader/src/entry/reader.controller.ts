import { Controller, Get, Header, HttpCode, Param, Post, StreamableFile, UseGuards } from '@nestjs/common';
import { askBody, draftBody } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { JsonBody } from '@medshare/peers/nest';
import type { z } from 'zod';
import { askers } from '../askers.js';
import { DraftAsk } from '../draft-ask.js';
import { MakeAsk } from '../make-ask.js';
import { OpenAsk } from '../open-ask.js';
import { StoreOpened } from '../store-opened.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

/** What people of this institution do with the reader, and what its EHR reads. */
@Controller()
@UseGuards(TokenGuard)
@Roles(...askers)
export class ReaderController {
  constructor(
    private readonly drafts: DraftAsk,
    private readonly asks: MakeAsk,
    private readonly opening: OpenAsk,
    private readonly opened: StoreOpened,
  ) {}

  @Documented(documentation.draftAsk)
  @Post('reader/drafts')
  async draft(@User() user: Principal, @JsonBody(draftBody) body: z.infer<typeof draftBody>) {
    return { ask: await this.drafts.draft(user, body) };
  }

  @Documented(documentation.makeAsk)
  @Post('reader/asks')
  @HttpCode(200)
  ask(@User() user: Principal, @JsonBody(askBody) body: z.infer<typeof askBody>) {
    return this.asks.ask(user, body);
  }

  @Documented(documentation.showAsk)
  @Get('reader/asks/:askId')
  status(@User() user: Principal, @Param('askId') askId: string) {
    return this.asks.status(user, askId);
  }

  @Documented(documentation.openAsk)
  @Post('reader/asks/:askId/open')
  @HttpCode(200)
  open(@User() user: Principal, @Param('askId') askId: string) {
    return this.opening.open(user, askId);
  }

  @Documented(documentation.readBundle)
  @Get('fhir/Bundle/:id')
  @Header('content-type', 'application/fhir+json')
  async bundle(@User() user: Principal, @Param('id') id: string) {
    return new StreamableFile(await this.opened.read(user, id), { type: 'application/fhir+json' });
  }
}
