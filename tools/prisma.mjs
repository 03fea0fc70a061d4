// Writes each role's Prisma client (src/generated/prisma). The variable names any existing executable, because `prisma
// generate` insists on one that it does not run; it is set for this child only: with it, `prisma migrate` applies nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const roles = ['ingest', 'classifier', 'vault', 'ledger', 'access', 'reader', 'audit'];
for (const role of roles) {
  const schema = `services/${role}/prisma/schema.prisma`;
  if (!existsSync(new URL(`../${schema}`, import.meta.url))) continue;
  if (!readFileSync(new URL(`../${schema}`, import.meta.url), 'utf8').includes('generator client')) continue;
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' };
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/prisma/build/index.js', 'generate', '--schema', schema],
    {
      cwd: root,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (status !== 0) process.exit(status ?? 1);
  process.stderr.write(`generated the client of ${role}\n`);
}
