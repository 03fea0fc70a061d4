import { Controller, Get, Header, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { contentBody, messageState, type feedLags, type messageListing, type refusalListing } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { JsonBody } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { FollowMessage } from '../follow-message.js';
import { ReadContent } from '../read-content.js';
import { ReportLosses } from '../report-losses.js';
import { lagOfFeeds, listMessages } from '../store/browse.js';
import { listRefusals } from '../store/refusals.js';
import { hl7Type } from './hl7v2.controller.js';
import { fhirType } from './fhir.controller.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

const number = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const filter = z.strictObject({
  feed: z.string().max(64).optional(),
  code: z.string().max(64).optional(),
  since: instant.optional(),
  until: instant.optional(),
  before: number.default(Number.MAX_SAFE_INTEGER),
  limit: number.pipe(z.int().min(1).max(500)).default(100),
});
const messageFilter = filter.extend({
  state: messageState.optional(),
  patient: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
});

/** Where an integration engineer sees what came, where it is, and what waits for a person. Never content, but by a role of its own. */
@Controller('messages')
@UseGuards(TokenGuard)
@Roles('integration-engineer')
export class MessagesController {
  constructor(
    @Inject(ROLE_CONTEXT) private readonly context: RoleContext,
    private readonly follow: FollowMessage,
    private readonly contents: ReadContent,
    private readonly reports: ReportLosses,
  ) {}

  @Documented(documentation.listMessages)
  @Get()
  async list(@Query() query: Record<string, unknown>): Promise<z.infer<typeof messageListing>> {
    const { patient, ...page } = read(messageFilter, query);
    const messages = await listMessages(this.context.database, { ...page, stream: patient });
    return { messages, next: nextOf(messages, page.limit) };
  }

  @Documented(documentation.listRefused)
  @Get('refused')
  async refused(@Query() query: Record<string, unknown>): Promise<z.infer<typeof refusalListing>> {
    const page = read(filter, query);
    const found = await listRefusals(this.context.database, page);
    const refusals = found.map(({ problems, ...each }) => ({ ...each, problems: [...problems] }));
    return { refusals, next: nextOf(refusals, page.limit) };
  }

  @Documented(documentation.listFeeds)
  @Get('feeds')
  async feeds(): Promise<z.infer<typeof feedLags>> {
    const feeds = await lagOfFeeds(this.context.database);
    return {
      feeds: feeds.map(({ oldest, ...each }) => ({
        ...each,
        oldestAt: oldest === undefined ? null : new Date(oldest).toISOString(),
      })),
    };
  }

  @Documented(documentation.showMessage)
  @Get(':id')
  show(@Param('id') id: string) {
    return this.follow.show(idOf(id));
  }

  @Documented(documentation.showLosses)
  @Get(':id/losses')
  @Header('content-type', fhirType)
  losses(@Param('id') id: string) {
    return this.reports.of(idOf(id));
  }

  @Documented(documentation.readContent)
  @Post(':id/content')
  @Roles('content-reader')
  async content(
    @Param('id') id: string,
    @User() user: Principal,
    @JsonBody(contentBody) { reason }: z.infer<typeof contentBody>,
    @Res() response: Response,
  ): Promise<void> {
    const { kind, bytes } = await this.contents.read(idOf(id), user, reason);
    response
      .status(200)
      .set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      .type(kind === 'hl7v2' ? hl7Type : fhirType)
      .send(Buffer.from(bytes));
  }
}

function read<T>(shape: z.ZodType<T>, query: Record<string, unknown>): T {
  const found = shape.safeParse(query);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  const [unknown] = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  throw problem('request.invalid', {
    where: `query.${String(issue?.path[0] ?? unknown ?? '').slice(0, 32)}`,
    detail: unknown === undefined ? issue?.message : 'no such filter',
  });
}

function idOf(text: string): string {
  const found = z.uuid().safeParse(text);
  if (found.success) return found.data;
  throw problem('request.not-found', { where: 'message', detail: 'a message is named by its UUID' });
}

const nextOf = (page: readonly { position: number }[], limit: number): number | null =>
  page.length < limit ? null : (page.at(-1)?.position ?? null);
