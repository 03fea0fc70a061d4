import type { DynamicModule } from '@nestjs/common';
import { Inbox } from '@medshare/outbox';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { assembleVault, type VaultSettings } from './assemble-vault.js';
import { BlobsController } from './entry/blobs.controller.js';
import { ClassifiedConsumer } from './entry/classified.consumer.js';
import { InstitutionController } from './entry/institution.controller.js';
import { RegionController } from './entry/region.controller.js';

/** The only holder of content keys and leaves of its institution. */
export class VaultModule {
  static register(context: RoleContext, settings: VaultSettings): DynamicModule {
    const useCases = Object.values(assembleVault(context, settings));
    return {
      module: VaultModule,
      controllers: [RegionController, InstitutionController, BlobsController, ClassifiedConsumer],
      providers: [
        { provide: ROLE_CONTEXT, useValue: context },
        { provide: Inbox, useValue: context.inbox },
        ...useCases.map((instance) => ({ provide: instance.constructor, useValue: instance })),
      ],
    };
  }
}
