import { open } from 'node:fs/promises';
import { problem } from '@medshare/problems';

/**
 * One rule for every file that holds a secret, whoever put it there: others must not read it, and nobody but its owner may write it. Its group may
 * read it, for a mounted secret belongs to root and is read through the pod's group (mode 0440).
 * @returns what is wrong with the mode of the file; undefined where nothing is, and where files have no modes
 */
export function exposureOf({ mode }: { readonly mode: number }): string | undefined {
  if (process.platform === 'win32') return undefined;
  if ((mode & 0o007) !== 0)
    return 'others than its owner and group may use the file: chmod 600, or mount it with mode 0440';
  return (mode & 0o020) === 0 ? undefined : 'its group may write the file: chmod 600, or mount it with mode 0440';
}

/** The whole of a secret's file. @throws Problem `config.invalid` that names `where`: it cannot be read, is exposed, or longer than `most` bytes */
export async function readSecretFile(path: string, { where = path, most = 65_536 } = {}): Promise<Buffer> {
  const refuse = (detail: string, cause?: unknown) => problem('config.invalid', { where, detail, cause });
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw refuse('the file cannot be read', cause);
  });
  try {
    // of what is open, so that it is not another file that is looked at
    const found = await file.stat();
    const exposed = exposureOf(found);
    if (exposed !== undefined) throw refuse(exposed);
    if (found.size > most) throw refuse(`the file is longer than ${most} bytes`);
    return await file.readFile().catch((cause: unknown) => {
      throw refuse('the file cannot be read', cause);
    });
  } finally {
    await file.close();
  }
}
