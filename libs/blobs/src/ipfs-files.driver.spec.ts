import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problem } from '@medshare/problems';
import { killHard, lineOf, spawnScript, tempDir } from '@medshare/testkit';
import type { Blobs } from './blobs.port.js';
import { blobsContract, kuboVectors } from './blobs.port.contract.js';
import { openIpfsFiles } from './ipfs-files.driver.js';

let folder: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  folder = await tempDir();
});
afterAll(() => folder.remove());

const collect = async (content: AsyncIterable<Uint8Array>) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const tamperIn = (path: string) => async (cid: string, how: 'flip' | 'cut' | 'drop') => {
  const place = join(path, cid.slice(-2), cid);
  const block = join(place, (await readdir(place)).sort().at(-1)!);
  const bytes = await readFile(block);
  if (how === 'drop') return rm(block);
  if (how === 'cut') return truncate(block, bytes.length - 1);
  bytes[bytes.length >> 1]! ^= 1;
  return writeFile(block, bytes);
};

blobsContract('files', async () => {
  const path = join(folder.path, 'contract');
  return { blobs: await openIpfsFiles({ path }), tamper: tamperIn(path) };
});

async function* once(content: Uint8Array) {
  yield await Promise.resolve(content);
}

describe('a blob that another institution has', () => {
  const [, content, cid] = kuboVectors[1]!;
  const asked: string[] = [];
  const open = (name: string, answer: (cid: string) => AsyncIterable<Uint8Array>): Promise<Blobs> =>
    openIpfsFiles({
      path: join(folder.path, name),
      fetchMissing: (wanted) => {
        asked.push(wanted);
        return answer(wanted);
      },
    });
  beforeEach(() => void asked.splice(0));

  it('is fetched once, checked and kept', async () => {
    const blobs = await open('fetching', () => once(content));
    expect(await blobs.has(cid)).toBe(false);
    const both = await Promise.all([collect(blobs.get(cid)), collect(blobs.get(cid))]);
    expect(both.every((got) => got.equals(content))).toBe(true);
    expect([await blobs.has(cid), asked]).toEqual([true, [cid]]);
  });

  it('is not kept when it is something else', async () => {
    const blobs = await open('lied-to', () => once(Buffer.from('something else')));
    await expect(collect(blobs.get(cid))).rejects.toMatchObject({ code: 'blob.tampered', where: cid });
    const found: string[] = [];
    for await (const each of blobs.list()) found.push(each);
    expect(found).toEqual([]);
  });

  it('stays missing when nobody has it', async () => {
    const blobs = await open('nobody', () => {
      throw problem('blob.missing', { where: cid });
    });
    await expect(collect(blobs.get(cid))).rejects.toMatchObject({ code: 'blob.missing' });
  });
});

describe('the files', () => {
  it('refuse more than their limit', async () => {
    const blobs = await openIpfsFiles({ path: join(folder.path, 'small'), maxBytes: 1_000 });
    await expect(blobs.put(Buffer.alloc(1_001))).rejects.toMatchObject({ code: 'request.too-large' });
    await blobs.put(Buffer.alloc(1_000));
    expect(await readdir(join(folder.path, 'small', 'new'))).toEqual([]);
  });

  it('hold every blob whole that was acknowledged before kill -9, and no half one', async () => {
    const path = join(folder.path, 'killed');
    const child = spawnScript(new URL('./writer.fixture.ts', import.meta.url), { args: [path] });
    const acknowledged: string[] = [];
    child.stdout?.on('data', (chunk: Buffer) =>
      acknowledged.push(
        ...chunk
          .toString()
          .split('\n')
          .filter((line) => /^b\w{58}$/.test(line)),
      ),
    );
    await lineOf(child, /^enough$/);
    await killHard(child);
    const blobs = await openIpfsFiles({ path });
    expect(acknowledged.length).toBeGreaterThan(20);
    for (const cid of acknowledged) expect((await collect(blobs.get(cid))).length).toBe(400_000);
    let listed = 0;
    for await (const cid of blobs.list()) {
      await collect(blobs.get(cid));
      listed++;
    }
    expect(listed).toBeGreaterThanOrEqual(acknowledged.length);
  }, 60_000);
});
