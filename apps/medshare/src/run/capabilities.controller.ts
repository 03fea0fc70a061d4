import { createRequire } from 'node:module';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { Documented, documentedHandlers, makeCapabilities } from '@medshare/openapi';
import { capabilities } from './documentation.js';
import { CONTEXTS } from './parked.controller.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Day of the release that this statement describes. */
const date = '2026-11-27';

/** What FHIR clients ask for first (http://hl7.org/fhir/R4/http.html#capabilities). */
@Controller('fhir')
export class CapabilitiesController {
  /** @param roles that run here: a process claims nothing of a role that it does not have */
  constructor(@Inject(CONTEXTS) private readonly roles: ReadonlyMap<string, unknown>) {}

  @Documented(capabilities)
  @Get('metadata')
  @Header('content-type', 'application/fhir+json')
  metadata(): object {
    const own = documentedHandlers().filter(({ documentation: { owner } }) => this.roles.has(owner));
    return makeCapabilities(own, { version, date });
  }
}
