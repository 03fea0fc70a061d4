import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import { Roles, TokenGuard } from '@medshare/identity/nest';
import { problem } from '@medshare/problems';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { listMessages, messageStates, type MessageState } from '../store/messages.js';
import { listRefusals } from '../store/refusals.js';

const pageSize = 100;

/** Where an integration engineer finds what was refused and what waits for a person. Newest first; `before` is the last position seen. */
@Controller('messages')
@UseGuards(TokenGuard)
@Roles('integration-engineer')
export class MessagesController {
  constructor(@Inject(ROLE_CONTEXT) private readonly context: RoleContext) {}

  @Get()
  async list(@Query('state') state = 'parked', @Query('before') before?: string) {
    if (!(messageStates as readonly string[]).includes(state))
      throw problem('request.invalid', { where: 'query.state', detail: `one of ${messageStates.join(', ')}` });
    const page = { state: state as MessageState, before: position(before), limit: pageSize };
    return { messages: await listMessages(this.context.database, page) };
  }

  @Get('refused')
  async refused(@Query('before') before?: string) {
    return { refusals: await listRefusals(this.context.database, { before: position(before), limit: pageSize }) };
  }
}

function position(text: string | undefined): number {
  if (text === undefined) return Number.MAX_SAFE_INTEGER;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw problem('request.invalid', { where: 'query.before', detail: 'a position' });
}
