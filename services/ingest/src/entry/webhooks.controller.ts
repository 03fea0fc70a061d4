import { Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import { skipFetchBody, type webhookFetchDone, type webhookStates } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { Documented } from '@medshare/openapi';
import { JsonBody } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import { ROLE_CONTEXT, type AuditFact, type RoleContext } from '@medshare/role';
import type { Ingest } from '../assemble-ingest.js';
import { INGEST } from '../ingest.tokens.js';
import { listFetches, listSubscriptions, retryFetch, skipFetch } from '../store/webhook-figures.js';
import * as documentation from './webhook-documentation.js';

/** Subscriptions and fetches told at one time. */
const most = 500;

/** What webhooks have heard, what is to be fetched from their sources, and what a person can do about it. */
@Controller('webhooks')
@UseGuards(TokenGuard)
@Roles('integration-engineer')
export class WebhooksController {
  constructor(
    @Inject(ROLE_CONTEXT) private readonly context: RoleContext,
    @Inject(INGEST) private readonly ingest: Ingest,
  ) {}

  @Documented(documentation.listWebhooks)
  @Get()
  async list(): Promise<z.infer<typeof webhookStates>> {
    const { database } = this.context;
    const [subscriptions, fetches] = [await listSubscriptions(database, most), await listFetches(database, most)];
    return {
      subscriptions: subscriptions.map(({ heardAt, ...each }) => ({ ...each, heardAt: heardAt.toISOString() })),
      fetches: fetches.map(({ first, last, place, madeAt, nextAt, ...each }) => ({
        ...each,
        events: first === null || last === null ? null : { first, last },
        where: place,
        madeAt: madeAt.toISOString(),
        nextAt: nextAt.toISOString(),
      })),
    };
  }

  @Documented(documentation.retryFetch)
  @Post('fetches/:id/retry')
  @HttpCode(200)
  async retry(@Param('id') id: string, @User() user: Principal): Promise<z.infer<typeof webhookFetchDone>> {
    const { clock } = this.context;
    const done = await this.deed('message.replayed', { id, user }, (tx) => retryFetch(tx, id, clock.now()));
    this.ingest.fetchSource.wake();
    return done;
  }

  @Documented(documentation.skipFetch)
  @Post('fetches/:id/skip')
  @HttpCode(200)
  skip(
    @Param('id') id: string,
    @User() user: Principal,
    @JsonBody(skipFetchBody) { reason }: z.infer<typeof skipFetchBody>,
  ): Promise<z.infer<typeof webhookFetchDone>> {
    return this.deed('message.skipped', { id, user, reason: reason.slice(0, 200) }, (tx) => skipFetch(tx, id));
  }

  private async deed(
    action: AuditFact['action'],
    { id, user, reason }: { id: string; user: Principal; reason?: string },
    work: (tx: Parameters<Parameters<RoleContext['database']['transaction']>[0]>[0]) => Promise<boolean>,
  ): Promise<z.infer<typeof webhookFetchDone>> {
    const { database, audit } = this.context;
    const there =
      z.uuid().safeParse(id).success &&
      (await database.transaction(async (tx) => {
        if (!(await work(tx))) return false;
        await audit.append(tx, {
          action,
          outcome: 'success',
          agent: { person: user.subject.slice(0, 128), roles: user.roles.slice(0, 20) },
          entities: [{ kind: 'fetch', id }],
          ...(reason !== undefined && { reason }),
        });
        return true;
      }));
    if (!there) throw problem('request.not-found', { where: 'fetch', detail: 'it is done, or not in this state' });
    return { id };
  }
}
