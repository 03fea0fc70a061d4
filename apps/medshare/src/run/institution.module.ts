import type { DynamicModule } from '@nestjs/common';
import { TOKEN_VERIFIER } from '@medshare/identity/nest';
import type { Config } from '../config.js';
import { roleModules } from '../roles.js';
import type { Assembled } from './assemble.js';
import { CapabilitiesController } from './capabilities.controller.js';
import { DocsController } from './docs.controller.js';
import { EventsController } from './events.controller.js';
import { HEALTH, HealthController } from './health.controller.js';
import { CONTEXTS, ParkedController } from './parked.controller.js';
import { publicUrl } from './public-url.js';
import { SESSION, SessionController } from './session.controller.js';

/** The token verifier, for every role's guards. */
export class IdentityModule {
  static register({ verifier }: Assembled): DynamicModule {
    return {
      module: IdentityModule,
      global: true,
      providers: [{ provide: TOKEN_VERIFIER, useValue: verifier }],
      exports: [TOKEN_VERIFIER],
    };
  }
}

/** One institution's roles in one application. */
export class InstitutionModule {
  static register(config: Config, assembled: Assembled): DynamicModule {
    const { contexts, oprfShare, ledger, databases, metrics } = assembled;
    const extras = { config, oprfShare, ledger };
    return {
      module: InstitutionModule,
      imports: [
        IdentityModule.register(assembled),
        // the first route that fits answers: access has FHIR resources of its own (Consent), ingest takes every other type
        ...[...contexts]
          .sort(([a], [b]) => Number(b === 'access') - Number(a === 'access'))
          .map(([role, context]) => roleModules[role](context, extras)),
      ],
      controllers: [
        CapabilitiesController,
        DocsController,
        HealthController,
        ParkedController,
        EventsController,
        SessionController,
      ],
      providers: [
        { provide: HEALTH, useValue: { databases, metrics } },
        { provide: CONTEXTS, useValue: contexts },
        { provide: SESSION, useFactory: () => ({ session: assembled.session, publicUrl: publicUrl(config) }) },
      ],
    };
  }
}
