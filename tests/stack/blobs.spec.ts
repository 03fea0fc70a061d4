import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCopies } from '@medshare/blobs';
import { blobsContract } from '@medshare/blobs/blobs.port.contract';
import { openKubo } from '@medshare/blobs/kubo.driver';
import { openS3 } from '@medshare/blobs/s3.driver';
import { create } from 'kubo-rpc-client';
import { base32upper } from 'multiformats/bases/base32';
import { CID } from 'multiformats/cid';
import { describedStack, stateFolder } from './running-stack.js';
import { bucketOf } from './servers/s3.js';

const { kubo, s3, authority } = await describedStack();
const secretOf = async (file: string): Promise<string> => (await readFile(file, 'utf8')).trim();
const authorization = `Basic ${Buffer.from(`${kubo.user}:${await secretOf(kubo.passwordFile)}`).toString('base64')}`;

type How = 'flip' | 'cut' | 'drop';

async function tamper(file: string, how: How): Promise<void> {
  const bytes = await readFile(file);
  if (how === 'drop') return rm(file);
  if (how === 'cut') return truncate(file, bytes.length - 1);
  bytes[bytes.length >> 1]! ^= 1;
  return writeFile(file, bytes);
}

/** File of a block below a node's folder: flatfs' `next-to-last/2` over the upper-case base32 of the multihash. */
const blockFile = (node: number, cid: CID): string => {
  const key = base32upper.encode(cid.multihash.bytes).slice(1);
  return join(stateFolder(), `kubo-${node}`, 'blocks', key.slice(-3, -1), `${key}.data`);
};

blobsContract('kubo', async () => {
  const client = create({ url: kubo.nodes[0]!, headers: { authorization } });
  return {
    // a node that was robbed of a block waits for the swarm for so long
    blobs: await openKubo({ nodes: kubo.nodes, authorization, timeoutMs: 3_000 }),
    async tamper(cid, how) {
      let last = CID.parse(cid);
      for await (const { ref } of client.refs(last, { recursive: true })) last = CID.parse(ref);
      for (const node of [1, 2]) await tamper(blockFile(node, last), how);
    },
  };
});

const bucket = bucketOf('summit');
const storeOf = async (secretAccessKey: string, lockDays?: number) =>
  openS3({
    bucket,
    prefix: lockDays === undefined ? 'contract/' : 'locked/',
    region: 'us-east-1',
    endpoint: s3.endpoint,
    ca: await readFile(authority, 'utf8'),
    credentials: () => Promise.resolve({ accessKeyId: 'summit', secretAccessKey }),
    ...(lockDays !== undefined && { lockDays }),
  });
const secret = await secretOf(s3.buckets['summit']!.secretFile);

blobsContract('s3', async () => ({
  blobs: await storeOf(secret),
  tamper: (cid, how) => {
    const file = join(stateFolder(), 's3', 'data', bucket, 'contract', cid);
    // an object that is gone is missing, and not tampered with: what can be dropped is its end
    return how === 'drop' ? truncate(file, 100) : tamper(file, how);
  },
}));

describe('a store that is reached with a mistake', () => {
  it('is told at the opening', async () => {
    await expect(storeOf('wrong')).rejects.toMatchObject({
      code: 'config.invalid',
      where: 's3.accessKeyId',
      detail: `bucket ${bucket}: the store refuses these credentials`,
    });
    const nodes = [...kubo.nodes.slice(1), 'http://127.0.0.1:9'];
    await expect(openKubo({ nodes, authorization })).rejects.toMatchObject({
      code: 'config.invalid',
      where: 'ipfs.nodes',
      detail: '2 IPFS nodes must answer, and http://127.0.0.1:9 does not',
    });
    await expect(openKubo({ nodes: kubo.nodes, authorization: 'Basic bm9ib2R5' })).rejects.toMatchObject({
      code: 'config.invalid',
      where: 'ipfs.user',
    });
  });
});

describe('copies', () => {
  it('are counted by reading them', async () => {
    const blobs = await openKubo({ nodes: kubo.nodes, authorization, timeoutMs: 3_000 });
    const wholeOf = async (one: string) => (await readCopies(blobs, one)).whole;
    const { cid } = await blobs.put(Buffer.from('counted by reading'));
    expect(await wholeOf(cid)).toBe(2);
    await tamper(blockFile(2, CID.parse(cid)), 'flip');
    expect(await wholeOf(cid)).toBe(1);
    // the other node still has it, and a put mends the second
    await blobs.put(Buffer.from('counted by reading'));
    expect(await wholeOf(cid)).toBe(2);
    await blobs.remove(cid);
    expect([await wholeOf(cid), await blobs.has(cid)]).toEqual([0, false]);
  });

  it('in a bucket with object lock are kept until it ends', async () => {
    const blobs = await storeOf(secret, 1);
    const { cid } = await blobs.put(Buffer.from(`locked ${Date.now()}`));
    await expect(blobs.remove(cid)).rejects.toMatchObject({ code: 'blob.locked' });
    expect(await blobs.has(cid)).toBe(true);
  });
});
