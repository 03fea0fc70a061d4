import { writeFile } from 'node:fs/promises';

/** Writes a file unless there is one, which then stays as it is. @returns whether it was written */
export async function writeNew(path: string, text: string, mode = 0o666): Promise<boolean> {
  try {
    await writeFile(path, text, { mode, flag: 'wx' });
    return true;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw caught;
  }
}
