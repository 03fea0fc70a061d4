import { createServer, type AddressInfo, type Socket } from 'node:net';
import { openDatabase } from './database.js';

/** Messages of the protocol (PostgreSQL 18, section 54.7). */
const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const greeting = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const farewell = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'));

describe('a server that dies as soon as it has let us in', () => {
  it('is a storage that is unavailable, and not the end of this process', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.concat([greeting, farewell])));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const database = openDatabase({ url: `postgresql://a:b@127.0.0.1:${port}/c`, schema: 'any' });
    const unavailable = { code: 'storage.unavailable' };
    await expect(database.transaction((tx) => tx.query('SELECT 1'))).rejects.toMatchObject(unavailable);
    await expect(database.query('SELECT 1')).rejects.toMatchObject(unavailable);
    await database.close();
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
});
