import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readCopies } from './read-copies.js';
import type { Blobs } from './blobs.port.js';
import { openS3 } from './s3.driver.js';

const cid = 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4';
const unavailable = { code: 'storage.unavailable', where: 'blobs' };
const timeoutMs = 150;

/** A store on a real socket, that answers or not as it is told. */
describe('an S3 store that stalls', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let asked = 0;
  beforeEach(async () => {
    asked = 0;
    answer = (_, response) => void response.end();
    server = createServer((request, response) => {
      asked += 1;
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const open = (): Promise<Blobs> =>
    openS3({
      bucket: 'harbor',
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: () => Promise.resolve({ accessKeyId: 'harbor', secretAccessKey: 'secret' }),
      timeoutMs,
    });
  const read = async (blobs: Blobs): Promise<void> => {
    for await (const part of blobs.get(cid)) void part;
  };
  const nothing = () => undefined;

  it('is told at the opening', async () => {
    answer = nothing;
    await expect(open()).rejects.toMatchObject({ code: 'config.invalid', where: 's3.endpoint' });
    expect(asked).toBe(3);
  });

  it.each<[string, (blobs: Blobs) => Promise<unknown>]>([
    ['asked for a blob', read],
    ['asked whether it has one', (blobs) => blobs.has(cid)],
    ['given one', (blobs) => blobs.put(Buffer.from('hello world\n'))],
    ['given one that is streamed', (blobs) => blobs.put(Buffer.alloc(9_000_000, 'a'))],
  ])('cannot be used when it accepts and says nothing, %s', async (_, use) => {
    const blobs = await open();
    answer = nothing;
    await expect(use(blobs)).rejects.toMatchObject(unavailable);
  });

  it('cannot be used when it stops within a body, and the bytes are not accused', async () => {
    const blobs = await open();
    const left: Promise<void>[] = [];
    answer = (_, response) => {
      left.push(new Promise((resolve) => void response.once('close', resolve)));
      response.writeHead(200, { 'content-length': '1000' });
      response.write(Buffer.alloc(20));
    };
    await expect(read(blobs)).rejects.toMatchObject(unavailable);
    await expect(readCopies(blobs, cid)).rejects.toMatchObject(unavailable);
    // a copy that nobody reads takes nothing down either
    await blobs.copies(cid);
    await Promise.all(left);
    expect(left).toHaveLength(3);
  });

  it('is waited for as long as something comes', async () => {
    const blobs = await open();
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '8' });
      let sent = 0;
      const drip = setInterval(() => {
        response.write('x');
        if (++sent === 8) clearInterval(drip);
      }, timeoutMs / 3);
    };
    // all of it came, and it is no CAR
    await expect(read(blobs)).rejects.toMatchObject({ code: 'blob.tampered', where: cid });
  });
});
