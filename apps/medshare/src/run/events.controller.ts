import { Body, Controller, Inject } from '@nestjs/common';
import type { z } from 'zod';
import { findClassifierEvents, findLedgerEvents, findVaultEvents } from '@medshare/events';
import { PeerHandler } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import type { RoleContext, RoleName } from '@medshare/role';
import { CONTEXTS } from './parked.controller.js';

type Asked = z.infer<typeof findVaultEvents.request>;
type Answer = z.infer<typeof findVaultEvents.response>;

/** Tells the institution's own roles what the inboxes here know of events: where a record is on its way. */
@Controller()
export class EventsController {
  constructor(@Inject(CONTEXTS) private readonly contexts: ReadonlyMap<RoleName, RoleContext>) {}

  @PeerHandler(findClassifierEvents)
  classifier(@Body() asked: Asked): Promise<Answer> {
    return this.find('classifier', asked);
  }

  @PeerHandler(findVaultEvents)
  vault(@Body() asked: Asked): Promise<Answer> {
    return this.find('vault', asked);
  }

  @PeerHandler(findLedgerEvents)
  ledger(@Body() asked: Asked): Promise<Answer> {
    return this.find('ledger', asked);
  }

  private async find(role: RoleName, { ids }: Asked): Promise<Answer> {
    const context = this.contexts.get(role);
    if (!context) throw problem('request.not-found', { where: 'role', detail: 'this role runs elsewhere' });
    const found = await Promise.all(ids.map((id) => context.inbox.parked.stateOf(id)));
    return { events: found.flatMap((each) => each ?? []) };
  }
}
