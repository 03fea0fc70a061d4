import { onPath, tool } from '../install.js';

async function needGo(): Promise<void> {
  if (!(await onPath('go'))) throw new Error('go is not on the PATH: Go of 1.25 or newer is needed');
}

// Builds stamp no version control; the module proxy's checksum database is asked for every module (go help module-auth).
const env = { GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };

/** Builds a program out of a published module, with the versions of its own go.sum. @returns nothing; the program is at `<folder>/<program>` */
export async function buildModule(module: string, command: string, program: string): Promise<void> {
  await needGo();
  const { Dir: source } = JSON.parse(await tool('go', ['mod', 'download', '-json', module], { env })) as {
    Dir: string;
  };
  await tool('go', ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', program, command], {
    cwd: source,
    env,
  });
}

/** Builds a program of ours whose modules and their checksums stand in a folder's go.mod and go.sum. */
export async function buildHere(folder: string, program: string): Promise<void> {
  await needGo();
  await tool('go', ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', program, '.'], { cwd: folder, env });
}
