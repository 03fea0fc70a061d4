// Generated files that are checked in must equal what their generators write now. Each generator names the file and the command that mends it.
// policies/labels/value-sets is not here: its source is not in the repository (policies/labels/NOTICE.md).
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const generators = ['schemas', 'reference-docs', 'invariants', 'prisma', 'fhir-definitions'];
const run = (script, ...args) =>
  spawnSync(process.execPath, [`tools/${script}.mjs`, ...args], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'inherit', 'inherit'],
  }).status;

if (run('build') !== 0) process.exit(1);
const red = generators.filter((script) => run(script, '--check') !== 0);
process.stderr.write(red.length === 0 ? 'no drift\n' : `drift: ${red.join(', ')}\n`);
process.exitCode = red.length === 0 ? 0 : 1;
