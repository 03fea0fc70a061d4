import { pipeline } from 'node:stream/promises';
import type { ServerResponse } from 'node:http';
import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { cid as cidShape } from '@medshare/events';
import { PeersOnly } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import { ROLE_CONTEXT, type RoleContext } from '@medshare/role';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

/** Ciphertext by its address, for the region's members. What is not stored here is not fetched from others on their behalf. */
@Controller('/peer/vault/blobs')
export class BlobsController {
  constructor(@Inject(ROLE_CONTEXT) private readonly context: Pick<RoleContext, 'blobs'>) {}

  /** A fault after the first bytes breaks the connection; the asker checks the address anyway. */
  @Documented(documentation.readBlob)
  @Get(':cid')
  @PeersOnly('region')
  async read(@Param('cid') asked: string, @Res() response: ServerResponse): Promise<void> {
    const cid = cidShape.safeParse(asked);
    if (!cid.success) throw problem('request.invalid', { where: 'cid' });
    const { blobs } = this.context;
    if (!(await blobs.has(cid.data))) throw problem('blob.missing', { where: cid.data });
    const content = blobs.get(cid.data)[Symbol.asyncIterator]();
    try {
      const first = await content.next();
      response.setHeader('content-type', 'application/octet-stream');
      await pipeline(from(first, content), response);
    } finally {
      // an asker who leaves early: the source holds a socket or a file until it is told
      await content.return?.();
    }
  }
}

async function* from(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let next = first; !next.done; next = await rest.next()) yield next.value;
}
