import { fileURLToPath } from 'node:url';

/** folder of the migrations of schema `chain`, Prisma's layout; both drivers' tables */
export const chainMigrations = fileURLToPath(new URL('../prisma/migrations', import.meta.url));
