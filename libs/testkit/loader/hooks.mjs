// Lets a child process of a test run TypeScript sources as they are: no build stands between a spec and what it tests.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const root = new URL('../../../', import.meta.url);
const config = JSON.parse(readFileSync(new URL('.swcrc', root), 'utf8'));
const packages = new Map();
for (const group of ['apps', 'services', 'libs', 'chaincode']) {
  for (const folder of existsSync(new URL(group, root)) ? readdirSync(new URL(group, root)) : []) {
    const file = new URL(`${group}/${folder}/package.json`, root);
    if (existsSync(file))
      packages.set(JSON.parse(readFileSync(file, 'utf8')).name, new URL(`${group}/${folder}/src/`, root));
  }
}

export async function resolve(specifier, context, next) {
  const [, name, , sub] = /^(@medshare\/[^/]+)(\/(.+))?$/.exec(specifier) ?? [];
  const folder = packages.get(name);
  if (folder) return { url: new URL(`${sub ?? 'index'}.ts`, folder).href, format: 'module', shortCircuit: true };
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), {
    ...config,
    sourceMaps: 'inline',
    swcrc: false,
    filename,
  });
  return { format: 'module', source: code, shortCircuit: true };
}
