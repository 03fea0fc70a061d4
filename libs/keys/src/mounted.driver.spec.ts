import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock, tempDir } from '@medshare/testkit';
import { openFileKeys } from './file.driver.js';
import { keysContract } from './keys.port.contract.js';
import { openMountedKeys } from './mounted.driver.js';

let root: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  root = await tempDir();
});
afterAll(() => root.remove());

/** A folder as Kubernetes mounts a secret: names are links into a folder that is replaced at once. */
const mount = async (name: string, keys: Readonly<Record<string, string | Buffer>>, version = 1): Promise<string> => {
  const folder = join(root.path, name);
  const data = join(folder, `..v${version}`);
  await mkdir(data, { recursive: true });
  for (const [key, content] of Object.entries(keys)) {
    await writeFile(join(data, key), content, { mode: 0o440 });
    await symlink(join('..data', key), join(folder, key)).catch(() => undefined);
  }
  await symlink(`..v${version}`, join(folder, '..new'));
  await rename(join(folder, '..new'), join(folder, '..data'));
  return folder;
};
const one = Buffer.alloc(32, 1);
const two = Buffer.alloc(32, 2);

keysContract('a mounted secret', async () => {
  const folder = await mount('contract', { current: one });
  const stranger = await mount('stranger', { current: two });
  return {
    keys: await openMountedKeys({ folder }),
    reopen: () => openMountedKeys({ folder }),
    strangers: () => openMountedKeys({ folder: stranger }),
  };
});

describe('a mounted secret', () => {
  it.each([
    ['bytes', one],
    ['hex', `${one.toString('hex')}\n`],
    ['base64', `${one.toString('base64')}\n`],
    ['base64url', one.toString('base64url')],
  ])('may be %s, and is the same key as in a file', async (form, content) => {
    const keys = await openMountedKeys({ folder: await mount(`form-${form}`, { current: content }) });
    const path = join(root.path, `file-${form}`, 'kek');
    await openFileKeys({ path });
    await writeFile(path, one);
    const wrapped = await keys.wrap(Buffer.from('a key'), 'c');
    expect(Buffer.from(await (await openFileKeys({ path })).unwrap(wrapped, 'c')).toString()).toBe('a key');
  });

  it('can be rotated while replicas run: a key that one has wrapped under, the other finds', async () => {
    const folder = await mount('rotated', { current: one });
    const clock = new ManualClock(0);
    const [first, second] = [await openMountedKeys({ folder, clock }), await openMountedKeys({ folder, clock })];
    const before = await first.wrap(Buffer.from('old'), 'c');
    await mount('rotated', { current: two, former: one }, 2);
    clock.advance(30_000);
    const after = await first.wrap(Buffer.from('new'), 'c');
    expect(after.subarray(1, 9)).not.toEqual(before.subarray(1, 9));
    for (const each of [first, second]) {
      expect(Buffer.from(await each.unwrap(before, 'c')).toString()).toBe('old');
      expect(Buffer.from(await each.unwrap(after, 'c')).toString()).toBe('new');
    }
  });

  it('that cannot be read any more changes nothing while the process runs', async () => {
    const folder = await mount('gone', { current: one });
    const clock = new ManualClock(0);
    const keys = await openMountedKeys({ folder, clock });
    const wrapped = await keys.wrap(Buffer.from('x'), 'c');
    await rm(folder, { recursive: true });
    clock.advance(60_000);
    expect(Buffer.from(await keys.unwrap(await keys.wrap(Buffer.from('y'), 'c'), 'c')).toString()).toBe('y');
    expect(Buffer.from(await keys.unwrap(wrapped, 'c')).toString()).toBe('x');
    await expect(openMountedKeys({ folder })).rejects.toMatchObject({ code: 'config.invalid', where: folder });
  });

  it.each([
    ['without `current`', { former: one }, /no key `current`/],
    ['with a key of another length', { current: 'short' }, /a key is 32 bytes/],
    ['with a former key that is none', { current: one, former: Buffer.alloc(31) }, /a key is 32 bytes/],
  ])('%s is refused', async (what, content, detail) => {
    const folder = await mount(what.replaceAll(/\W/g, '-'), content as Record<string, Buffer>);
    await expect(openMountedKeys({ folder })).rejects.toMatchObject({
      code: 'config.invalid',
      detail: expect.stringMatching(detail) as string,
    });
  });

  it('that others may read is refused', async () => {
    const folder = await mount('open', { current: one });
    await chmod(join(folder, 'current'), 0o444);
    await expect(openMountedKeys({ folder })).rejects.toMatchObject({
      code: 'config.invalid',
      where: join(folder, 'current'),
    });
  });
});
