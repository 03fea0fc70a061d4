import type { DynamicModule } from '@nestjs/common';
import { AccessModule } from '@medshare/access-service';
import { AuditModule } from '@medshare/audit-service';
import { ClassifierModule } from '@medshare/classifier-service';
import { IngestModule, ingestSettings } from '@medshare/ingest-service';
import { LedgerModule } from '@medshare/ledger-service';
import { ReaderModule } from '@medshare/reader-service';
import type { RoleContext, RoleName } from '@medshare/role';
import { VaultModule } from '@medshare/vault-service';
import type { Config } from './config.js';
import type { OpenedLedger } from './drivers.js';

/** What a role is given beside its context. */
export interface RoleExtras {
  config: Config;
  /** This institution's share of the region's OPRF key; for the vault only. */
  oprfShare: Uint8Array | undefined;
  ledger: OpenedLedger | undefined;
}

type Register = (context: RoleContext, extras: RoleExtras) => DynamicModule;

/** Role → module: the only list of roles. */
export const roleModules: Record<RoleName, Register> = {
  ingest: (context, { config: { mllp, limits } }) =>
    IngestModule.register(context, ingestSettings.parse({ mllp, maxBodyBytes: limits.bodyBytes })),
  classifier: (context) => ClassifierModule.register(context),
  vault: (context, { oprfShare }) => VaultModule.register(context, { oprfShare }),
  ledger: (context, { ledger }) => {
    if (!ledger) throw new Error('the ledger role has no ledger');
    return LedgerModule.register(context, ledger);
  },
  access: (context) => AccessModule.register(context),
  reader: (context) => ReaderModule.register(context),
  audit: (context) => AuditModule.register(context),
};

/** Where each role's migrations stand, besides those of the outbox. */
export const migrationFolders: Record<RoleName, string> = {
  ingest: 'services/ingest/prisma/migrations',
  classifier: 'services/classifier/prisma/migrations',
  vault: 'services/vault/prisma/migrations',
  ledger: 'services/ledger/prisma/migrations',
  access: 'services/access/prisma/migrations',
  reader: 'services/reader/prisma/migrations',
  audit: 'services/audit/prisma/migrations',
};
