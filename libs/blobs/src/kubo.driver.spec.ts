import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseCid } from './ipfs/address.js';
import { writeCar } from './ipfs/car.js';
import { exportBlocks } from './ipfs/export-file.js';
import { importFile } from './ipfs/import-file.js';
import type { Blobs } from './blobs.port.js';
import { openKubo } from './kubo.driver.js';
import { readCopies } from './read-copies.js';

// What kubo 0.43.0 answers was noted at a real node; the whole contract runs on real ones in tests/stack.

const content = Buffer.concat([1, 2, 3].map((n) => Buffer.alloc(262_144, n)));
const blocks = new Map<string, Uint8Array>();
const { cid } = await importFile(content, content.length, (one, bytes) => {
  blocks.set(one.toString(), bytes);
  return Promise.resolve();
});
const root = parseCid(cid);
const parts: Uint8Array[] = [];
for await (const part of writeCar(
  root,
  exportBlocks(root, (one) => Promise.resolve(blocks.get(one.toString())!)),
))
  parts.push(part);
const car = Buffer.concat(parts);

type Answer = (response: ServerResponse, argument: string) => void;
const hang: Answer = () => undefined;
const dies: Answer = (response) => void response.destroy();
const json = (value: unknown): Answer => {
  return (response) => void response.setHeader('content-type', 'application/json').end(`${JSON.stringify(value)}\n`);
};
const refuse =
  (Message: string): Answer =>
  (response, argument) => {
    response.statusCode = 500;
    json({ Message, Code: 0, Type: 'error' })(response, argument);
  };
const diesWithin: Answer = (response) => {
  response.write(car.subarray(0, 400_000));
  setTimeout(() => response.destroy(), 20);
};
const has: Answer = (response, argument) => void response.end(blocks.get(argument));
const notThere = refuse(`block was not found locally (offline): ipld: could not find ${cid}`);
const pinned = json({ Cid: cid, Type: 'recursive' });
const notPinned = refuse(`path '${cid}' is not pinned`);

/** kubo's RPC on a real socket, each command answered as the test says. */
class FakeNode {
  readonly asked: string[] = [];
  readonly answers = new Map<string, Answer>();
  #server: Server | undefined;

  async listen(): Promise<string> {
    this.answers.set('version', json({ Version: '0.43.0' })).set('pin/ls', pinned);
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://node');
      const command = pathname.slice('/api/v0/'.length);
      this.asked.push(command);
      request.resume();
      (this.answers.get(command) ?? refuse('unknown'))(response, searchParams.get('arg') ?? '');
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  set(answers: Record<string, Answer>): void {
    for (const [command, answer] of Object.entries(answers)) this.answers.set(command, answer);
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}

describe('kubo nodes', () => {
  let nodes: readonly [FakeNode, FakeNode];
  let blobs: Blobs;
  beforeEach(async () => {
    nodes = [new FakeNode(), new FakeNode()];
    const urls = await Promise.all(nodes.map((node) => node.listen()));
    blobs = await openKubo({ nodes: urls, timeoutMs: 300 });
  });
  afterEach(() => Promise.all(nodes.map((node) => node.close())));
  const both = (answers: Record<string, Answer>): void => nodes.forEach((node) => node.set(answers));
  const read = async (): Promise<Buffer> => {
    const got: Uint8Array[] = [];
    for await (const part of blobs.get(cid)) got.push(part);
    return Buffer.concat(got);
  };
  const tampered = { code: 'blob.tampered', where: cid };
  const unavailable = { code: 'storage.unavailable', where: 'blobs' };

  it('help out when one of them dies within a blob', async () => {
    nodes[0].set({ 'dag/export': diesWithin, 'block/get': dies });
    nodes[1].set({ 'block/get': has });
    expect((await read()).equals(content)).toBe(true);
    // who could not be asked is not asked again
    expect(nodes[0].asked.filter((command) => command === 'block/get')).toHaveLength(1);
  });

  it('cannot be used when every one dies within a blob, and its bytes are not accused', async () => {
    both({ 'dag/export': diesWithin, 'block/get': dies });
    await expect(read()).rejects.toMatchObject(unavailable);
    await expect(readCopies(blobs, cid)).rejects.toMatchObject(unavailable);
  });

  it('cannot be used when every one hangs within a blob', async () => {
    both({ 'dag/export': hang, 'block/get': hang, version: hang });
    await expect(read()).rejects.toMatchObject(unavailable);
  });

  it('have damaged what none of them has, whether they say so or wait for the swarm', async () => {
    const cut: Answer = (response) => void response.end(car.subarray(0, 400_000));
    const flipped: Answer = (response) => void response.end(Buffer.alloc(262_144));
    for (const export_ of [cut, hang])
      for (const get of [notThere, hang, flipped]) {
        both({ 'dag/export': export_, 'block/get': get });
        await expect(read()).rejects.toMatchObject(tampered);
      }
    both({ 'dag/export': cut, 'block/get': notThere });
    expect(await readCopies(blobs, cid)).toEqual({ places: 2, whole: 0, content: undefined });
  });

  it('are counted where they could be read', async () => {
    nodes[0].set({ 'dag/export': diesWithin, 'block/get': dies });
    nodes[1].set({ 'dag/export': (response) => void response.end(car) });
    expect(await readCopies(blobs, cid)).toMatchObject({ places: 1, whole: 1 });
  });

  it('keep a copy that they have, when the line breaks while it is looked at', async () => {
    both({ 'dag/export': diesWithin, 'block/get': dies, 'pin/rm': json({ Pins: [cid] }) });
    await expect(blobs.put(content)).rejects.toMatchObject(unavailable);
    for (const { asked } of nodes) expect(asked).not.toContain('pin/rm');
  });

  it('erase to the end what an erasure left that broke off', async () => {
    both({ refs: json({ Ref: [...blocks.keys()][0], Err: '' }), 'pin/rm': json({ Pins: [cid] }), 'block/rm': dies });
    await expect(blobs.remove(cid)).rejects.toMatchObject(unavailable);
    for (const { asked } of nodes) expect(asked).toEqual(expect.arrayContaining(['pin/rm', 'block/rm']));
    both({ 'pin/ls': notPinned, 'repo/gc': json({ Error: 'the disk', Key: null }) });
    await expect(blobs.remove(cid)).rejects.toMatchObject(unavailable);
    both({ 'repo/gc': json({ Key: { '/': cid } }) });
    await blobs.remove(cid);
    for (const { asked } of nodes) expect(asked.filter((command) => command === 'repo/gc')).toHaveLength(2);
  });
});
