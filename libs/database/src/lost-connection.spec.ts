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

const ready = message('Z', Buffer.from('I'));
const done = (tag: string) => Buffer.concat([message('C', Buffer.from(`${tag}\0`)), ready]);

describe('a server that vanishes without a word', () => {
  it('costs one statement its patience, and no connection of the pool', async () => {
    const sockets: Socket[] = [];
    // the first connection is let in and never heard of again, as behind a machine that was taken away; those after it are served
    const server = createServer((socket) => {
      const vanished = sockets.push(socket) === 1;
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(greeting);
        if (!vanished)
          socket.on('data', (asked: Buffer) => {
            if (asked[0] === 'Q'.charCodeAt(0)) socket.write(done(asked.toString('latin1', 5).split(/[ \0]/)[0]!));
          });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `postgresql://a:b@127.0.0.1:${port}/c`;
    const database = openDatabase({ url, schema: 'any', max: 1, statementTimeoutMs: 150 });
    await expect(database.transaction((tx) => tx.query('SELECT 1'))).rejects.toMatchObject({
      code: 'storage.unavailable',
    });
    await database.transaction(() => Promise.resolve());
    expect(sockets).toHaveLength(2);
    await database.close();
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
});

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
