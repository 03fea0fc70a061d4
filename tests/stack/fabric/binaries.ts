import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderOf } from '../install.js';
import { buildHere } from '../packages/go.js';
import type { Package } from '../server.js';
import type { Places } from '../places.js';

/** What a release must bring; one that is built here has no osnadmin, and needs none. */
const neededPrograms = ['peer', 'orderer', 'configtxgen', 'configtxlator', 'osnadmin'] as const;

/** Fabric's programs: given by whoever runs the stack, or the newest release that the Go module proxy serves. */
export interface Binaries {
  readonly origin: 'given' | 'built';
  /** e.g. 2.5.16 */
  readonly release: string;
  /** 2.4 and later: peers have the Gateway service, orderers are asked to join a channel (osnadmin), no system channel */
  readonly modern: boolean;
  /** what must be installed first, where they are built */
  readonly package?: Package;
  /** @returns the path of a program */
  program(name: (typeof neededPrograms)[number], places: Places): string;
}

const variable = 'MEDSHARE_FABRIC_BIN';
const sources = resolve(import.meta.dirname, '../packages/fabric');
const builtRelease = '2.1.1';
const module = 'github.com/hyperledger/fabric';
const builtPrograms = ['configtxgen', 'configtxlator', 'orderer', 'peer'] as const;
/** What it was built of is part of its version, so that another set is built again. */
const digest = createHash('sha256')
  .update(readFileSync(join(sources, 'go.sum')))
  .update(builtPrograms.join())
  .digest('hex')
  .slice(0, 8);

const fabricPackage: Package = {
  name: 'fabric',
  version: `${builtRelease}-${digest}`,
  async install(folder, note) {
    for (const [at, name] of builtPrograms.entries()) {
      note(`building ${name} (${at + 1} of ${builtPrograms.length})`);
      await buildHere(sources, join(folder, name), {
        command: `${module}/cmd/${name}`,
        variables: [`${module}/common/metadata.Version=${builtRelease}`],
      });
    }
  },
};

const built: Binaries = {
  origin: 'built',
  release: builtRelease,
  modern: false,
  package: fabricPackage,
  program: (name, { cache }) => join(folderOf(cache, fabricPackage), name),
};

/** @throws Error that names the variable, when a program is missing or does not say its version */
function given(folder: string): Binaries {
  for (const name of neededPrograms)
    try {
      accessSync(join(folder, name), constants.X_OK);
    } catch {
      throw new Error(`${variable}: no program ${name} in ${folder}; it must hold ${neededPrograms.join(', ')}`);
    }
  const said = execFileSync(join(folder, 'peer'), ['version'], { encoding: 'utf8', timeout: 60_000 });
  const release = /Version: v?(\d+\.\d+[^\s]*)/.exec(said)?.[1];
  const [major = 0, minor = 0] = (release ?? '').split('.').map(Number);
  if (release === undefined || major < 2 || (major === 2 && minor < 5))
    throw new Error(`${variable}: ${folder} holds Fabric ${release ?? '(no version)'}; 2.5 or later is needed`);
  return { origin: 'given', release, modern: true, program: (name) => join(folder, name) };
}

let known: Binaries | undefined;

export function fabricBinaries(): Binaries {
  const folder = process.env[variable];
  return (known ??= folder ? given(resolve(folder)) : built);
}
