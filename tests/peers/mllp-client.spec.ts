import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledge, frameMllp, MllpDecoder, parseMessage } from '@medshare/hl7';
import { startDemo, type Demo } from '../harness/demo.js';
import { javaProgram, type JavaProgram } from './maven.js';

const messages = 5_000;
const connections = 16;

/** HAPI's own MLLP client against the built product, over real sockets. */
describe("HAPI's MLLP client", () => {
  let folder: string;
  let demo: Demo;
  let client: JavaProgram;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medshare-peers-'));
    client = await javaProgram('mllp-client.pom.xml', 'SendMessages', folder);
    demo = await startDemo();
  }, 500_000);
  afterAll(async () => {
    await demo?.stop();
    await demo?.remove();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** @returns what was counted by kind and code, and everything that was not right */
  const send = async (port: number, count: number, prefix: string) => {
    const args = ['127.0.0.1', String(port), String(count), String(connections), prefix];
    const lines = (await client.run(args))
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const of = (what: string) => lines.flatMap(([name, ...rest]) => (name === what ? [rest] : []));
    const counts = Object.fromEntries(of('COUNT').map(([kind = '', n]) => [kind, Number(n)]));
    return { counts, wrong: of('WRONG').flat(), ms: Number(of('MS')[0]?.[0]) };
  };

  it(`gets every acknowledgement right: ${messages} messages over ${connections} connections, good and bad`, async () => {
    const { counts, wrong } = await send(demo.institutions.harbor!.mllpPort, messages, 'HAPI-');
    expect(wrong).toEqual([]);
    expect(counts).toEqual({
      'GOOD AA': 3_600,
      'KEPT CA': 500,
      'BAD_DATE AE': 500,
      'NO_IDENTIFIER AE': 200,
      'UNKNOWN_EVENT AR': 100,
      'KEPT_NOT CE': 100,
    });
  }, 600_000);

  it('is answered the same when it sends everything again', async () => {
    const { counts, wrong } = await send(demo.institutions.harbor!.mllpPort, 500, 'HAPI-');
    expect([wrong, counts['GOOD AA']]).toEqual([[], 360]);
  }, 300_000);

  it('finds what was planted: a server that accepts everything, under the id of the message before', async () => {
    const server = await careless();
    const { wrong } = await send((server.address() as AddressInfo).port, 160, 'PLANT-');
    server.close();
    expect(wrong.some((text) => text.includes('AA instead of AE'))).toBe(true);
    expect(wrong.some((text) => text.includes('AA instead of CA'))).toBe(true);
    expect(wrong.some((text) => text.includes('place null'))).toBe(true);
    expect(wrong.some((text) => text.includes('came twice'))).toBe(true);
  }, 120_000);
});

async function careless(): Promise<Server> {
  const server = createServer((socket) => {
    const decoder = new MllpDecoder(1_000_000);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const output of decoder.push(chunk))
        if ('frame' in output)
          socket.write(frameMllp(acknowledge(parseMessage(output.frame), { code: 'AA', time: 0, controlId: 'same' })));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}
