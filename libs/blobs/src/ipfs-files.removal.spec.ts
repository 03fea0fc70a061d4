import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { tempDir } from '@medshare/testkit';
import * as files from './ipfs/durable-files.js';

let failing = false;
const removeFolder = (path: string): Promise<void> =>
  failing ? Promise.reject(Object.assign(new Error('rm'), { code: 'EIO' })) : files.removeFolder(path);
jest.unstable_mockModule('./ipfs/durable-files.js', () => ({ ...files, removeFolder }));
const { openIpfsFiles } = await import('./ipfs-files.driver.js');

describe('a removal that broke off', () => {
  let folder: { path: string; remove(): Promise<void> };
  beforeAll(async () => void (folder = await tempDir()));
  afterAll(() => folder.remove());

  it('is finished by the next one, and touches no other blob', async () => {
    const blobs = await openIpfsFiles({ path: folder.path });
    const { cid } = await blobs.put(Buffer.from('to be erased'));
    const other = await blobs.put(Buffer.from('another'));
    failing = true;
    await expect(blobs.remove(cid)).rejects.toMatchObject({ code: 'storage.unavailable' });
    await expect(blobs.remove(other.cid)).rejects.toMatchObject({ code: 'storage.unavailable' });
    failing = false;
    const lying = () => readdir(join(folder.path, 'new'));
    expect(await lying()).toHaveLength(2);
    await blobs.remove(cid);
    const [left] = await lying();
    expect([await lying(), left?.startsWith(`${other.cid}.`)]).toEqual([[left], true]);
    await blobs.remove(other.cid);
    expect(await lying()).toEqual([]);
  });
});
