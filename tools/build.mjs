// Compiles every package's src/ to dist/ with swc, skipping what is unchanged. One script for all server code.
import { transformFile } from '@swc/core';
import { mkdir, readdir, stat, writeFile, rm, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const config = JSON.parse(await readFile(join(root, '.swcrc'), 'utf8'));
const isSource = (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !/\.(spec|contract)\.ts$/.test(file);
const mtime = async (file) => (existsSync(file) ? (await stat(file)).mtimeMs : 0);

async function packageDirs() {
  const groups = await Promise.all(
    ['apps', 'services', 'libs', 'chaincode'].map(async (group) =>
      existsSync(join(root, group)) ? (await readdir(join(root, group))).map((name) => join(root, group, name)) : [],
    ),
  );
  return groups.flat().filter((dir) => existsSync(join(dir, 'src')));
}

async function compile(source, target) {
  if ((await mtime(target)) > (await mtime(source))) return 0;
  const { code, map } = await transformFile(source, { ...config, swcrc: false, filename: source });
  await mkdir(dirname(target), { recursive: true });
  await writeFile(`${target}.map`, map ?? '');
  await writeFile(target, `${code}\n//# sourceMappingURL=${target.split(/[\\/]/).pop()}.map\n`);
  return 1;
}

async function buildPackage(dir) {
  const entries = await readdir(join(dir, 'src'), { recursive: true });
  const sources = entries.filter(isSource);
  const built = await Promise.all(
    sources.map((file) => compile(join(dir, 'src', file), join(dir, 'dist', file.replace(/\.ts$/, '.js')))),
  );
  const wanted = new Set(sources.map((file) => file.replace(/\.ts$/, '.js')));
  const stale = existsSync(join(dir, 'dist'))
    ? (await readdir(join(dir, 'dist'), { recursive: true })).filter((f) => f.endsWith('.js') && !wanted.has(f))
    : [];
  await Promise.all(stale.map((file) => rm(join(dir, 'dist', file))));
  return built.reduce((sum, n) => sum + n, 0);
}

const dirs = await packageDirs();
const counts = await Promise.all(dirs.map(buildPackage));
const total = counts.reduce((sum, n) => sum + n, 0);
if (total > 0) process.stderr.write(`built ${total} files of ${dirs.map((d) => relative(root, d)).length} packages\n`);
