import type { Grant, Right } from '@medshare/database';
import type { SchemaName } from './database-urls.js';

const all: readonly Right[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** What nobody changes once it is written, the program itself included: a defect, or a stolen password, cannot rewrite it. */
const appendOnly: Partial<Record<SchemaName, readonly string[]>> = {
  audit: ['entry', 'entity', 'node', 'checkpoint'],
  chain: ['block', 'fabric_block'],
};

/** Roles that hand payloads on write them in the transaction of their own state. */
const payloads: Partial<Record<SchemaName, readonly Right[]>> = {
  ingest: ['SELECT', 'INSERT'],
  classifier: ['INSERT'],
};

/** What the user of a schema may do: its own tables, and as little of others as the code needs. */
export function grantsOf(schema: SchemaName): Grant[] {
  const kept = appendOnly[schema];
  const shared = payloads[schema];
  return [
    { schema, tables: 'all', rights: all },
    { schema, tables: ['_prisma_migrations'], rights: ['SELECT'] },
    ...(kept ? [{ schema, tables: kept, rights: ['SELECT', 'INSERT'] as const }] : []),
    ...(shared ? [{ schema: 'transit', tables: ['payload', 'payload_chunk'], rights: shared }] : []),
  ];
}
