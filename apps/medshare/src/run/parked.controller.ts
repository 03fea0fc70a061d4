import { Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import {
  parkedState,
  replayBody,
  skipBody,
  type parkedFigures,
  type parkedListing,
  type parkedStreams,
  type replayResponse,
  type skipResponse,
} from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { JsonBody } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import { roleNames, type AuditFact, type RoleContext, type RoleName } from '@medshare/role';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

/** Nest injection token of the contexts of the roles that run here. */
export const CONTEXTS = Symbol('contexts');

const number = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const filter = z.strictObject({
  state: parkedState.optional(),
  topic: z.string().max(128).optional(),
  code: z.string().max(64).optional(),
  patient: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  /** only what holds a stream up */
  first: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  after: number.default(0),
  limit: number.pipe(z.int().min(1).max(500)).default(100),
});

/**
 * What waits in the inboxes of the roles that run in this process, and what a person can do about it. A message is stuck where its
 * event is: any role may hold it up. Replaying and skipping may be repeated; each is an entry of the audit log with its deed.
 */
@Controller('parked')
@UseGuards(TokenGuard)
@Roles('integration-engineer')
export class ParkedController {
  constructor(@Inject(CONTEXTS) private readonly contexts: ReadonlyMap<RoleName, RoleContext>) {}

  @Documented(documentation.parkedOverview)
  @Get()
  async figures(): Promise<z.infer<typeof parkedFigures>> {
    const roles = [...this.contexts].map(async ([role, { inbox }]) => {
      const { events, streams, oldest, limit } = await inbox.parked.figures();
      return { role, ...events, streams, oldestAt: oldest === undefined ? null : iso(oldest), limit };
    });
    return { roles: await Promise.all(roles) };
  }

  @Documented(documentation.listParked)
  @Get(':role')
  async list(
    @Param('role') role: string,
    @Query() query: Record<string, unknown>,
  ): Promise<z.infer<typeof parkedListing>> {
    const { patient, ...page } = read(query);
    const found = await this.of(role).inbox.parked.find({ ...page, stream: patient });
    return {
      events: found.map(({ seq, id, topic, stream, state, code, where, at, behind, fence }) => ({
        ...{ seq, id, topic, stream, state, problem: code, where },
        ...{ since: iso(at), behind, fence },
      })),
      next: found.length < page.limit ? null : (found.at(-1)?.seq ?? null),
    };
  }

  @Documented(documentation.listStreams)
  @Get(':role/streams')
  async streams(@Param('role') role: string): Promise<z.infer<typeof parkedStreams>> {
    const found = await this.of(role).inbox.parked.streams({ limit: 500 });
    return { streams: found.map(({ since, code, ...each }) => ({ ...each, problem: code, since: iso(since) })) };
  }

  @Documented(documentation.replayEvent)
  @Post(':role/replay')
  @HttpCode(200)
  async replay(
    @Param('role') role: string,
    @User() user: Principal,
    @JsonBody(replayBody) { id }: z.infer<typeof replayBody>,
  ): Promise<z.infer<typeof replayResponse>> {
    const { inbox, audit } = this.of(role);
    const events = await inbox.parked.replay(id, (tx, event) =>
      audit.append(tx, factOf('message.replayed', event, user)),
    );
    return { id, events };
  }

  @Documented(documentation.skipEvent)
  @Post(':role/skip')
  @HttpCode(200)
  async skip(
    @Param('role') role: string,
    @User() user: Principal,
    @JsonBody(skipBody) { id, reason }: z.infer<typeof skipBody>,
  ): Promise<z.infer<typeof skipResponse>> {
    const { inbox, audit } = this.of(role);
    const skipped = await inbox.parked.skip(id, reason, (tx, event) =>
      audit.append(tx, { ...factOf('message.skipped', event, user), reason: reason.slice(0, 200) }),
    );
    return { id, skipped };
  }

  private of(role: string): RoleContext {
    const known = (roleNames as readonly string[]).includes(role);
    const context = known ? this.contexts.get(role as RoleName) : undefined;
    if (context) return context;
    throw problem('request.not-found', { where: 'role', detail: known ? 'this role runs elsewhere' : 'no such role' });
  }
}

const factOf = (
  action: AuditFact['action'],
  { id, topic }: { id: string; topic: string },
  { subject, roles }: Principal,
): AuditFact => ({
  action,
  outcome: 'success',
  agent: { person: subject.slice(0, 128), roles: roles.slice(0, 20) },
  entities: [{ kind: topic === 'message.accepted' ? 'message' : 'event', id }],
});

function read(query: Record<string, unknown>): z.output<typeof filter> {
  const found = filter.safeParse(query);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw problem('request.invalid', {
    where: `query.${String(issue?.path[0] ?? '').slice(0, 32)}`,
    detail: issue?.message,
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();
