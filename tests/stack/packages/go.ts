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

/** A command of a module that a folder's go.mod requires. */
interface Command {
  readonly command: string;
  /** variables to set, `path/of/package.Name=value` */
  readonly variables?: readonly string[];
}

/** Builds a program of ours, or one that our go.mod requires, with the modules and checksums of a folder's go.mod and go.sum. */
export async function buildHere(folder: string, program: string, made: Command = { command: '.' }): Promise<void> {
  await needGo();
  const flags = ['-s', '-w', ...(made.variables ?? []).flatMap((each) => ['-X', each])].join(' ');
  await tool('go', ['build', '-mod=readonly', '-trimpath', `-ldflags=${flags}`, '-o', program, made.command], {
    cwd: folder,
    env: { ...env, CGO_ENABLED: '0' },
  });
}
