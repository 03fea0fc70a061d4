import { fileURLToPath } from 'node:url';

/** Folder of the tables `outbox` and `inbox…`, Prisma's layout; goes into every role's schema. */
export const outboxMigrations = fileURLToPath(new URL('../prisma/migrations', import.meta.url));

/** Folder of the payloads' tables; goes into the schema `transit`. */
export const payloadMigrations = fileURLToPath(new URL('../prisma/payloads', import.meta.url));
