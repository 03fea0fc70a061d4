import { Controller, Get, Param, Post, Put, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Principal } from '@medshare/identity';
import { Roles, TokenGuard, User } from '@medshare/identity/nest';
import { readBounded } from '@medshare/peers/bounded-body';
import { asProblem, problem, toOperationOutcome } from '@medshare/problems';
import { Documented } from '@medshare/openapi';
import * as documentation from './consent-documentation.js';
import { ReadConsents, withMeta } from '../read-consents.js';
import { consentLimits, InvalidConsent, RecordConsent, type Recorded } from '../record-consent.js';

const fhirType = 'application/fhir+json';

/** FHIR R4 Consent: create, update, read, history and search by patient, for privacy officers and for patients about themselves. */
@Controller('fhir/Consent')
@UseGuards(TokenGuard)
@Roles('privacy-officer', 'patient')
export class ConsentController {
  constructor(
    private readonly recording: RecordConsent,
    private readonly reading: ReadConsents,
  ) {}

  @Documented(documentation.createConsent)
  @Post()
  async create(@Req() request: Request, @Res() response: Response, @User() user: Principal): Promise<void> {
    await answer(request, response, async () => {
      const recorded = await this.recording.create(user, await bodyOf(request));
      send(response.status(201), recorded);
    });
  }

  @Documented(documentation.updateConsent)
  @Put(':id')
  async update(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Param('id') id: string,
  ): Promise<void> {
    await answer(request, response, async () => {
      const recorded = await this.recording.update(user, id, await bodyOf(request), expectedOf(request));
      send(response.status(200), recorded);
    });
  }

  @Documented(documentation.searchConsents)
  @Get()
  async search(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Query() query: Record<string, unknown>,
  ): Promise<void> {
    await answer(request, response, async () => {
      const { 'patient:identifier': token, ...more } = query;
      const [unknown] = Object.keys(more);
      if (unknown !== undefined) throw problem('fhir.unsupported', { where: `query.${unknown.slice(0, 40)}` });
      if (token !== undefined && typeof token !== 'string')
        throw problem('request.malformed', { where: 'query.patient:identifier' });
      response.type(fhirType).send(JSON.stringify(await this.reading.search(user, token)));
    });
  }

  @Documented(documentation.readConsent)
  @Get(':id')
  async read(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Param('id') id: string,
  ): Promise<void> {
    await answer(request, response, async () => {
      response.type(fhirType).send(JSON.stringify(await this.reading.read(user, id)));
    });
  }

  @Documented(documentation.readHistory)
  @Get(':id/_history')
  async history(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Param('id') id: string,
  ): Promise<void> {
    await answer(request, response, async () => {
      response.type(fhirType).send(JSON.stringify(await this.reading.history(user, id)));
    });
  }

  @Documented(documentation.readVersion)
  @Get(':id/_history/:version')
  async version(
    @Req() request: Request,
    @Res() response: Response,
    @User() user: Principal,
    @Param('id') id: string,
    @Param('version') version: string,
  ): Promise<void> {
    await answer(request, response, async () => {
      if (!/^[1-9]\d{0,6}$/.test(version)) throw problem('request.not-found', { where: 'path.version' });
      response.type(fhirType).send(JSON.stringify(await this.reading.read(user, id, Number(version))));
    });
  }
}

/** What is not understood is said at once: the consent stands, and refuses until it is mended. */
function send(response: Response, { row, resource, faults }: Recorded): void {
  response.location(`/fhir/Consent/${row.consentId}/_history/${row.version}`).setHeader('etag', `W/"${row.version}"`);
  response.type(fhirType);
  const outcome = {
    resourceType: 'OperationOutcome',
    issue: faults.map((where) => ({
      severity: 'warning',
      code: 'not-supported',
      details: { text: 'Not understood: as long as it is active, this consent refuses' },
      expression: [where],
    })),
  };
  const stored = withMeta(resource, row) as Record<string, unknown>;
  response.send(JSON.stringify(faults.length > 0 ? { ...outcome, id: row.consentId } : stored));
}

async function answer(request: Request, response: Response, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (caught) {
    const problems = caught instanceof InvalidConsent ? caught.problems : ([asProblem(caught)] as const);
    // an unread body cannot be followed by another request
    if (!request.complete) response.setHeader('connection', 'close');
    response
      .status(problems[0].status)
      .type(fhirType)
      .send(JSON.stringify(toOperationOutcome(problems)));
  }
}

async function bodyOf(request: Request): Promise<Uint8Array> {
  if (!/^application\/(fhir\+)?json(;|$)/.test(request.headers['content-type'] ?? ''))
    throw problem('request.unsupported-media-type', { detail: `${fhirType} is expected` });
  const bytes = await readBounded(request, consentLimits.bytes);
  if (!bytes) throw problem('request.too-large', { detail: `at most ${consentLimits.bytes} bytes` });
  return bytes;
}

/** If-Match: W/"2" (http://hl7.org/fhir/R4/http.html#concurrency). */
function expectedOf(request: Request): number | undefined {
  const given = request.headers['if-match'];
  if (given === undefined) return undefined;
  const [, version] = /^(?:W\/)?"(\d{1,7})"$/.exec(given) ?? [];
  if (version === undefined) throw problem('request.malformed', { where: 'header.if-match' });
  return Number(version);
}
