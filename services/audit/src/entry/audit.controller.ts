import { Body, Controller, Get, Header, Param, Query, Req, UseGuards } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { Request } from 'express';
import type { BusMessage } from '@medshare/bus';
import { decode, recordAudit } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { Inbox, isTransient } from '@medshare/outbox';
import { PeerHandler } from '@medshare/peers/nest';
import { asProblem, problem } from '@medshare/problems';
import type { z } from 'zod';
import { AppendEntries } from '../append-entries.js';
import { ListCheckpoints } from '../list-checkpoints.js';
import { ProveEntry } from '../prove-entry.js';
import { SearchEntries } from '../search-entries.js';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

/** What the institution's own roles tell. */
@Controller()
export class IntakeController {
  constructor(
    private readonly log: AppendEntries,
    private readonly inbox: Inbox,
  ) {}

  @PeerHandler(recordAudit)
  async record(@Body() { entry }: z.infer<typeof recordAudit.request>) {
    return { receipt: await this.log.record(entry) };
  }

  /**
   * The log knows ids itself, and entries handled at once share one transaction: the entry goes first, and the inbox need not remember it.
   * What can never be written is parked; what was parked and is written now, the inbox must hear of, or it waits for it for ever.
   */
  @EventPattern('audit.recorded', { group: 'audit', atOnce: 100 })
  async recorded(@Payload() message: BusMessage): Promise<void> {
    const failure = await this.write(message).catch((caught: unknown) => asProblem(caught));
    if (failure && isTransient(failure)) throw failure;
    if (failure) return this.inbox.consume(message, () => Promise.reject(failure));
    // a transaction of the inbox for each of the many that were never parked would cost two thirds of the log's pace
    if (await this.inbox.parked.has(message.id)) await this.inbox.consume(message, () => Promise.resolve());
  }

  private async write(message: BusMessage): Promise<void> {
    await this.log.record(decode('audit.recorded', message).entry);
  }
}

/** What regulators read: entries as FHIR, proofs and checkpoints. Reading is itself audited. */
@Controller()
@UseGuards(TokenGuard)
@Roles('regulator', 'privacy-officer')
export class RegulatorController {
  constructor(
    private readonly entries: SearchEntries,
    private readonly proofs: ProveEntry,
    private readonly checkpoints: ListCheckpoints,
  ) {}

  @Documented(documentation.searchEvents)
  @Get('fhir/AuditEvent')
  @Header('content-type', 'application/fhir+json')
  async search(@User() user: Principal, @Query() query: Record<string, unknown>, @Req() req: Request) {
    await this.checkpoints.auditReading(user);
    return this.entries.search(query, `${req.protocol}://${req.get('host') ?? ''}/fhir/AuditEvent`);
  }

  @Documented(documentation.readEvent)
  @Get('fhir/AuditEvent/:id')
  @Header('content-type', 'application/fhir+json')
  async read(@User() user: Principal, @Param('id') id: string) {
    await this.checkpoints.auditReading(user, id);
    return this.entries.read(id);
  }

  @Documented(documentation.proveEntry)
  @Get('audit/entries/:id/proof')
  async proof(@User() user: Principal, @Param('id') id: string) {
    await this.checkpoints.auditReading(user, id);
    return this.proofs.inclusion(id);
  }

  @Documented(documentation.listCheckpoints)
  @Get('audit/checkpoints')
  list(@Query('below') below?: string) {
    if (below !== undefined && !/^\d{1,15}$/.test(below)) throw problem('request.malformed', { where: 'query.below' });
    return this.checkpoints.list(below === undefined ? undefined : Number(below));
  }

  @Documented(documentation.proveConsistency)
  @Get('audit/consistency')
  consistency(@Query('from') from: string, @Query('to') to: string) {
    if (!/^\d{1,15}$/.test(from) || !/^\d{1,15}$/.test(to)) throw problem('request.malformed', { where: 'query' });
    return this.proofs.consistency(Number(from), Number(to));
  }
}
