import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RoleContext } from '@medshare/role';
import { BlobsController } from './blobs.controller.js';

const cid = 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4';

describe('ciphertext that is read by its address', () => {
  let ended: Promise<void>;
  /** Bytes without end, whose source notes when it is let go. */
  const endless = (): Pick<RoleContext, 'blobs'> => {
    let end = (): void => undefined;
    ended = new Promise((resolve) => void (end = resolve));
    const get = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(Buffer.alloc(65_536));
      } finally {
        end();
      }
    };
    return { blobs: { get, has: () => Promise.resolve(true) } as unknown as RoleContext['blobs'] };
  };

  it('lets its source go when the asker leaves in the middle', async () => {
    const controller = new BlobsController(endless());
    let outcome: Promise<unknown> | undefined;
    const server = createServer((_, response) => {
      outcome = controller.read(cid, response).catch((caught: unknown) => caught);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const asker = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    asker.on('error', () => undefined);
    asker.on('response', (response) => response.once('data', () => asker.destroy()));
    asker.end();
    await ended;
    expect(await outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('lets its source go when the answer cannot be begun', async () => {
    const response = {
      setHeader() {
        throw new Error('sent already');
      },
    };
    const controller = new BlobsController(endless());
    await expect(controller.read(cid, response as never)).rejects.toThrow('sent already');
    await ended;
  });
});
