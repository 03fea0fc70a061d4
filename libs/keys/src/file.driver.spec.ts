import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom, tempDir } from '@medshare/testkit';
import { openFileKeys } from './file.driver.js';
import { keysContract } from './keys.port.contract.js';

let folder: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  folder = await tempDir();
});
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name, 'kek');

keysContract('a file', async () => ({
  keys: await openFileKeys({ path: at('contract') }),
  reopen: () => openFileKeys({ path: at('contract') }),
  strangers: () => openFileKeys({ path: at('stranger') }),
}));

describe('the key file', () => {
  it('is made once, for its owner only, from the given randomness', async () => {
    const path = at('made');
    const opened = await Promise.all(
      Array.from({ length: 6 }, (_, i) => openFileKeys({ path, random: seededRandom(i) })),
    );
    expect([(await stat(path)).mode & 0o777, (await readFile(path)).length, await readdir(join(path, '..'))]).toEqual([
      0o600,
      32,
      ['kek'],
    ]);
    const wrapped = await opened[0]!.wrap(Buffer.alloc(32, 7), 'c');
    for (const each of opened) expect(await each.unwrap(wrapped, 'c')).toEqual(new Uint8Array(32).fill(7));
  });

  it.each([
    ['that others may read', (path: string) => chmod(path, 0o644)],
    ['of another length', (path: string) => writeFile(path, 'short')],
  ])('%s is refused', async (what, spoil) => {
    const path = at(what.replaceAll(' ', '-'));
    await openFileKeys({ path });
    await spoil(path);
    await expect(openFileKeys({ path })).rejects.toMatchObject({ code: 'config.invalid', where: path });
  });

  it('can be followed by another, which opens what the old one wrapped', async () => {
    const old = await openFileKeys({ path: at('old') });
    const wrapped = await old.wrap(Buffer.alloc(32, 1), 'c');
    const rotated = await openFileKeys({ path: at('new'), previous: [at('old')] });
    expect(await rotated.unwrap(wrapped, 'c')).toEqual(new Uint8Array(32).fill(1));
    await expect(old.unwrap(await rotated.wrap(Buffer.alloc(32), 'c'), 'c')).rejects.toMatchObject({
      code: 'vault.key-unavailable',
    });
    await expect(openFileKeys({ path: at('new'), previous: [at('nowhere')] })).rejects.toMatchObject({
      code: 'config.invalid',
    });
  });

  it('keeps its format: a key wrapped by an earlier release opens', async () => {
    const path = at('format');
    await openFileKeys({ path });
    await writeFile(path, Buffer.alloc(32, 0x42));
    const keys = await openFileKeys({ path, random: { bytes: (n) => new Uint8Array(n).fill(0x24), uuid: () => '' } });
    const wrapped = Buffer.from(await keys.wrap(Buffer.from('a key'), 'test/1')).toString('hex');
    expect(wrapped).toBe(GOLDEN);
    expect(Buffer.from(await keys.unwrap(Buffer.from(GOLDEN, 'hex'), 'test/1')).toString()).toBe('a key');
  });
});

/** computed apart from this code, with OpenSSL through Python's cryptography */
const GOLDEN = '0177754ed7113c01a424242424242424242424242474b1af2490f11171ac61b009a49b45ac1fd21f94bc';
