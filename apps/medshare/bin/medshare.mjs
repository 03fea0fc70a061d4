#!/usr/bin/env node
// Thin: compiles what is out of date when run from a checkout, then hands over to src/main.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const app = fileURLToPath(new URL('..', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const entry = join(app, 'dist', 'main.js');

/** As tools/build.mjs sees it. */
const isSource = (name) => name.endsWith('.ts') && !/\.(d|spec|contract)\.ts$/.test(name);

const newest = (folder, counts) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && counts(file.name))
    .reduce((latest, file) => Math.max(latest, statSync(join(file.parentPath, file.name)).mtimeMs), 0);

/** Whether a package's sources are newer than what was compiled of them. */
function isStale() {
  if (!existsSync(entry)) return true;
  return ['apps', 'services', 'libs', 'chaincode'].some((group) =>
    readdirSync(join(root, group)).some((name) => {
      const [source, target] = ['src', 'dist'].map((part) => join(root, group, name, part));
      return (
        existsSync(source) &&
        (!existsSync(target) || newest(source, isSource) > newest(target, (file) => file.endsWith('.js')))
      );
    }),
  );
}

const build = join(root, 'tools', 'build.mjs');
if (existsSync(build) && isStale()) {
  const { status } = spawnSync(process.execPath, [build], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) {
    process.stderr.write('medshare: the build failed\n');
    process.exit(1);
  }
}

const stopping = new AbortController();
const stop = (signal) => {
  if (stopping.signal.aborted) {
    process.stderr.write('\nmedshare: forced\n');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  }
  stopping.abort();
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
// a closed terminal, or a reader that went away (| head), is a reason to stop, and to stop clean
process.on('SIGHUP', () => stopping.abort());
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stopping.abort());

const { main } = await import('../dist/main.js');
const { argv, stdout, stderr, env } = process;
process.exitCode = await main({ args: argv.slice(2), stdout, stderr, env, stop: stopping.signal });
// whatever a command left open does not keep the shell waiting
setTimeout(() => process.exit(), 5000).unref();
