// Stores blobs until it is killed and says which were acknowledged.
import { systemRandom } from '@medshare/clock';
import { openIpfsFiles } from './ipfs-files.driver.js';

const blobs = await openIpfsFiles({ path: process.argv[2] ?? '' });
let stored = 0;
const write = async (): Promise<void> => {
  for (;;) {
    const { cid } = await blobs.put(Buffer.concat(Array.from({ length: 8 }, () => systemRandom.bytes(50_000))));
    process.stdout.write(`${cid}\n`);
    if (++stored === 40) process.stdout.write('enough\n');
  }
};
await Promise.all([write(), write(), write()]);
