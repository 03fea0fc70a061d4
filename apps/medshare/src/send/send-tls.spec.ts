import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { systemClock, systemRandom } from '@medshare/clock';
import { acknowledge, frameMllp, MllpDecoder, parseMessage } from '@medshare/hl7';
import { createAuthority, issueCertificate } from '@medshare/peers';
import { tempDir } from '@medshare/testkit';
import { main } from '../main.js';

// `medshare send --tls` against a listener that wants a certificate.

let folder: Awaited<ReturnType<typeof tempDir>>;
let server: Server;
const heard: string[] = [];
const at = (name: string) => join(folder.path, name);

function take(socket: Socket): void {
  const decoder = new MllpDecoder(100_000);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    for (const output of decoder.push(chunk)) {
      if (!('frame' in output)) continue;
      const message = parseMessage(output.frame);
      heard.push(message.text('MSH-10') ?? '');
      socket.write(frameMllp(acknowledge(message, { code: 'AA', time: 0, controlId: 'a' })));
    }
  });
}

beforeAll(async () => {
  folder = await tempDir();
  const authorityOf = () =>
    createAuthority({ institution: 'senders', validDays: 30, clock: systemClock, random: systemRandom });
  const [known, other] = [await authorityOf(), await authorityOf()];
  const certify = (authority: typeof known, role: string) =>
    issueCertificate(authority, { role, hosts: [`${role}.example`, '127.0.0.1'], validDays: 30 });
  const [own, lab, stranger] = [await certify(known, 'mllp'), await certify(known, 'lab'), await certify(other, 'lab')];
  await writeFile(at('ca.pem'), known.ca);
  await writeFile(at('other-ca.pem'), other.ca);
  for (const [name, { cert, key }] of Object.entries({ lab, stranger })) {
    await writeFile(at(`${name}.pem`), cert);
    await writeFile(at(`${name}-key.pem`), key);
  }
  const options = { cert: own.cert, key: own.key, ca: known.ca, requestCert: true, rejectUnauthorized: true };
  server = createServer(options, take);
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
}, 120_000);
afterAll(async () => {
  server.close();
  await folder.remove();
});
beforeEach(() => void heard.splice(0));

async function send(...tls: string[]) {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    ({ isTTY: false, write: (text: string) => ((written[name] += text), true) }) as unknown as NodeJS.WriteStream;
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const exitCode = await main({
    args: ['send', 'samples/adt-a01-mei-lin.hl7', '--to', to, ...tls],
    stdout: stream('out'),
    stderr: stream('err'),
    env: {},
    stop: new AbortController().signal,
  });
  return { exitCode, text: written.out + written.err };
}
const shown = (name: string) => ['--cert', at(`${name}.pem`), '--key', at(`${name}-key.pem`)];

describe('medshare send --tls', () => {
  it('sends over mutual TLS', async () => {
    expect(await send('--tls', '--ca', at('ca.pem'), ...shown('lab'))).toEqual({
      exitCode: 0,
      text: expect.stringContaining('1 accepted, 0 refused') as string,
    });
    expect(heard).toHaveLength(1);
  });

  it('takes the name that the listener’s certificate must carry', async () => {
    const trusting = ['--tls', '--ca', at('ca.pem'), ...shown('lab')];
    expect((await send(...trusting, '--server-name', 'mllp.example')).exitCode).toBe(0);
    expect((await send(...trusting, '--server-name', 'another.example')).exitCode).toBe(1);
    expect(heard).toHaveLength(1);
  });

  it.each<[string, () => string[]]>([
    ['without a certificate', () => ['--tls', '--ca', at('ca.pem')]],
    ['with a stranger’s certificate', () => ['--tls', '--ca', at('ca.pem'), ...shown('stranger')]],
    ['to a listener that it does not trust', () => ['--tls', '--ca', at('other-ca.pem'), ...shown('lab')]],
    ['without TLS', () => []],
  ])('sends nothing %s', async (_, options) => {
    expect((await send(...options())).exitCode).toBe(1);
    expect(heard).toEqual([]);
  });

  it.each<[string, string[]]>([
    ['a certificate without --tls', ['--cert', 'lab.pem', '--key', 'lab-key.pem']],
    ['a certificate without its key', ['--tls', '--cert', 'lab.pem']],
  ])('is told of %s', async (_, options) => expect((await send(...options)).exitCode).toBe(2));
});
