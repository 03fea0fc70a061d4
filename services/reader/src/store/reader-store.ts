import { PrismaPg } from '@prisma/adapter-pg';
import type { Database } from '@medshare/database';
import { PrismaClient } from '../generated/prisma/client.js';

export type ReaderStore = PrismaClient;

/** A request on the chain, or on its way there, that came of an ask. */
export type RequestRow = Awaited<ReturnType<ReaderStore['request']['findMany']>>[number];

/** The role's own tables, by Prisma over the connections that the role already has. */
export function openReaderStore(database: Database, schema: string): ReaderStore {
  return new PrismaClient({ adapter: new PrismaPg(database.pool, { schema }) });
}
