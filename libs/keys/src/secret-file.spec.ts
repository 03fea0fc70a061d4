import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@medshare/testkit';
import { exposureOf, readSecretFile } from './secret-file.js';

describe('a file of a secret', () => {
  let folder: Awaited<ReturnType<typeof tempDir>>;
  beforeAll(async () => void (folder = await tempDir()));
  afterAll(() => folder.remove());

  it('may be of every mode in which only its owner writes and others do nothing', () => {
    const others = (mode: number) => (mode & 0o007) !== 0;
    const groupWrites = (mode: number) => (mode & 0o020) !== 0;
    const wrong: string[] = [];
    for (let mode = 0; mode <= 0o777; mode += 1)
      if ((exposureOf({ mode: 0o100000 | mode }) !== undefined) !== (others(mode) || groupWrites(mode)))
        wrong.push(mode.toString(8));
    expect(wrong).toEqual([]);
    for (const mode of [0o400, 0o440, 0o600, 0o640]) expect(exposureOf({ mode })).toBeUndefined();
  });

  it.each([
    [0o440, undefined],
    [0o600, undefined],
    [0o644, 'others'],
    [0o604, 'others'],
    [0o660, 'its group may write'],
  ])('of mode %o is read or refused', async (mode, refusal) => {
    const path = join(folder.path, 'secret');
    await writeFile(path, 'a secret', { mode: 0o600 });
    await chmod(path, mode);
    const read = readSecretFile(path, { where: 'a.setting' });
    if (refusal === undefined) expect(String(await read)).toBe('a secret');
    else
      await expect(read).rejects.toMatchObject({
        code: 'config.invalid',
        where: 'a.setting',
        detail: expect.stringMatching(new RegExp(`^${refusal}`)),
      });
    await chmod(path, 0o600);
  });

  it('that is not there, a folder, or longer than a secret is refused by name', async () => {
    const long = join(folder.path, 'long');
    await writeFile(long, 'x'.repeat(101), { mode: 0o600 });
    const refused = (path: string) =>
      expect(readSecretFile(path, { most: 100 })).rejects.toMatchObject({ code: 'config.invalid', where: path });
    await refused(long);
    await refused(join(folder.path, 'absent'));
    await chmod(folder.path, 0o700);
    await refused(folder.path);
    expect(await readSecretFile(long)).toHaveLength(101);
  });
});
