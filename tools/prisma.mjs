// Writes each role's Prisma client (services/<role>/src/generated/prisma). Usage: node tools/prisma.mjs [--check]
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow, root, settle } from './generated-files.mjs';

const client = 'src/generated/prisma';
const schemaOf = (role) => `services/${role}/prisma/schema.prisma`;
const roles = readdirSync(join(root, 'services')).filter((role) => {
  const file = join(root, schemaOf(role));
  return existsSync(file) && readFileSync(file, 'utf8').includes('generator client');
});

/** The variable names any existing executable, because `prisma generate` insists on one that it does not run; it is set for this child only: with it, `prisma migrate` applies nothing. */
function generate(folder) {
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' };
  const args = ['node_modules/prisma/build/index.js', 'generate', '--schema', join(folder, 'prisma/schema.prisma')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`prisma generate: ${stdout}${stderr}`);
}

/** Generated in a copy below node_modules, where the generator finds its packages, at the same relative paths, which it writes down. */
function clientOf(role, work) {
  const folder = join(work, role);
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, dirname(schemaOf(role))), join(folder, 'prisma'), { recursive: true });
  generate(folder);
  const below = folder.slice(root.length);
  return filesBelow(`${below}/${client}`).map((file) => [
    `services/${role}${file.slice(below.length)}`,
    readFileSync(join(root, file), 'utf8'),
  ]);
}

mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
const work = mkdtempSync(join(root, 'node_modules/.cache/prisma-'));
try {
  const files = new Map(roles.flatMap((role) => clientOf(role, work)));
  const owned = roles.flatMap((role) => filesBelow(`services/${role}/${client}`));
  settle(files, 'node tools/prisma.mjs', { owned });
} finally {
  rmSync(work, { recursive: true, force: true });
}
