import { fileURLToPath } from 'node:url';
import type { Blobs } from '@medshare/blobs';
import type { Config } from '../config.js';
import { bucketOf } from '../config/blobs.js';
import { secretOf, textOf } from './setting-files.js';

export type BlobConfig = Pick<Config, 'blobs' | 'ipfs' | 's3'>;
type FetchMissing = { readonly fetchMissing?: (cid: string) => AsyncIterable<Uint8Array> };

/** A driver's code is loaded only where it is used. */
export async function openFiles({ blobs }: BlobConfig, fetching: FetchMissing): Promise<Blobs> {
  const { openIpfsFiles } = await import('@medshare/blobs/ipfs-files.driver');
  return openIpfsFiles({ path: fileURLToPath(blobs), ...fetching });
}

/** @throws Problem config.invalid that names the setting */
export async function openIpfs({ ipfs }: BlobConfig, fetching: FetchMissing): Promise<Blobs> {
  const { openKubo } = await import('@medshare/blobs/kubo.driver');
  const { nodes, copies, user, passwordFile, timeout } = ipfs;
  const password = passwordFile === undefined ? '' : secretOf('ipfs.passwordFile', passwordFile);
  const authorization = user && `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return openKubo({
    nodes,
    timeoutMs: timeout,
    ...(copies !== undefined && { copies }),
    ...(authorization !== undefined && { authorization }),
    ...fetching,
  });
}

/** @throws Problem config.invalid that names the setting */
export async function openBucket({ blobs, s3 }: BlobConfig, fetching: FetchMissing): Promise<Blobs> {
  // the SDK's release is pinned: what its later ones need is nothing to tell at every start, over nine lines
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const { openS3 } = await import('@medshare/blobs/s3.driver');
  const { region, endpoint, authorities, accessKeyId, secretAccessKeyFile: file, lockDays, timeout } = s3;
  const secretAccessKey = () => secretOf('s3.secretAccessKeyFile', file ?? '');
  // a file that is missing is told now and not at some request
  if (file !== undefined) secretAccessKey();
  return openS3({
    ...(bucketOf(blobs) ?? { bucket: '' }),
    region,
    timeoutMs: timeout,
    ...(endpoint !== undefined && { endpoint }),
    ...(authorities !== undefined && { ca: textOf('s3.authorities', authorities) }),
    ...(accessKeyId !== undefined && {
      credentials: () => Promise.resolve({ accessKeyId, secretAccessKey: secretAccessKey() }),
    }),
    ...(lockDays !== undefined && { lockDays }),
    ...fetching,
  });
}
