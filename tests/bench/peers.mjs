import { execFileSync } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Peers to measure against are no dependency of medshare: the bench itself puts them, at an exact version, into a cache of its own.

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'medshare-bench');
const quiet = { stdio: ['ignore', 'ignore', 'pipe'], timeout: 600_000 };

/** @returns the package's exports; undefined, with the reason told, where it cannot be installed */
export async function npmPeer(name, version) {
  const folder = join(cache, `${name.replace('/', '+')}-${version}`);
  const load = () => createRequire(join(folder, 'x.js'))(name);
  try {
    return load();
  } catch {
    // not there yet
  }
  try {
    await mkdir(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit'];
    execFileSync('npm', [...args, '--no-fund', '--loglevel=error', `${name}@${version}`], quiet);
    return load();
  } catch (caught) {
    process.stderr.write(`without ${name} ${version}: ${String(caught.message).split('\n')[0]}\n`);
    return undefined;
  }
}

/** @returns a class path of the artefacts of a pom.xml; undefined, with the reason told, without Maven, Java or network */
export async function mavenPeer(pom, version) {
  const folder = join(cache, `maven-${version}`);
  try {
    await mkdir(folder, { recursive: true });
    await cp(pom, join(folder, 'pom.xml'));
    const goal = ['-q', '-B', '-f', join(folder, 'pom.xml'), 'dependency:copy-dependencies'];
    execFileSync('mvn', [...goal, `-DoutputDirectory=${join(folder, 'jars')}`], quiet);
    execFileSync('java', ['-version'], quiet);
    return join(folder, 'jars', '*');
  } catch (caught) {
    process.stderr.write(`without Java's peer: ${String(caught.message).split('\n')[0]}\n`);
    return undefined;
  }
}
