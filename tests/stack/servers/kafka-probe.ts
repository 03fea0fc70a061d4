import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';

/** ApiVersions, version 0 (Kafka protocol, key 18): what a broker answers to anybody, before they sign in. */
const correlation = 7;
const request = ((): Buffer => {
  const client = Buffer.from('stack');
  const body = Buffer.alloc(10 + client.length);
  body.writeInt16BE(18, 0);
  body.writeInt16BE(0, 2);
  body.writeInt32BE(correlation, 4);
  body.writeInt16BE(client.length, 8);
  client.copy(body, 10);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
})();

const patienceMs = 5000;

/** Asks a broker over TLS which requests it knows. @returns undefined when it answers, else why not */
export async function whyNoKafka(port: number, authorityFile: string): Promise<string | undefined> {
  const ca = await readFile(authorityFile, 'utf8').catch(() => undefined);
  if (ca === undefined) return `no certificate authority at ${authorityFile}`;
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1', ca });
    const end = (why: string | undefined) => {
      socket.destroy();
      done(why);
    };
    socket.setTimeout(patienceMs, () => end('no answer'));
    socket.once('error', ({ message }) => end(message));
    socket.once('close', () => end('closed without an answer'));
    socket.once('secureConnect', () => socket.write(request));
    let got = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      // size, correlation id, error code
      if (got.length >= 10)
        end(got.readInt32BE(4) === correlation && got.readInt16BE(8) === 0 ? undefined : 'not a Kafka broker');
    });
  });
}
