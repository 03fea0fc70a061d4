import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledge, frameMllp, MllpDecoder, parseMessage } from '@medshare/hl7';
import { problem } from '@medshare/problems';
import { sendFiles, type SendOptions } from './send-files.js';

/** A receiver on a real socket; a control id that begins with BAD is refused, CUT closes the connection the first time. */
class Receiver {
  readonly heard: { connection: number; id: string; patient: string }[] = [];
  private connections = 0;
  private readonly cut = new Set<string>();
  private readonly sockets = new Set<Socket>();
  readonly server: Server = createServer((socket) => this.accept(socket));

  async start(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private accept(socket: Socket): void {
    const connection = (this.connections += 1);
    const decoder = new MllpDecoder(1_000_000);
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const output of decoder.push(chunk)) if ('frame' in output) this.answer(socket, connection, output.frame);
    });
  }

  private answer(socket: Socket, connection: number, frame: Uint8Array): void {
    const message = parseMessage(frame);
    const id = message.controlId;
    if (id.startsWith('CUT') && !this.cut.has(id)) {
      this.cut.add(id);
      socket.destroy();
      return;
    }
    this.heard.push({ connection, id, patient: message.text('PID-3') ?? '' });
    const bad = id.startsWith('BAD');
    const problems = bad ? [problem('hl7.data-type', { where: 'PID-7.1' })] : [];
    if (id === 'QUIET') return;
    const code = bad ? 'AE' : id.startsWith('LATER') ? 'CA' : 'AA';
    socket.write(frameMllp(acknowledge(message, { code, problems, time: 0, controlId: 'a' })));
    if (code === 'CA') socket.write(frameMllp(acknowledge(message, { code: 'AE', time: 0, controlId: 'b' })));
  }
}

const message = (id: string, patient: string) =>
  `MSH|^~\\&|HIS|HARBOR|C|D|20260101||ADT^A01|${id}|P|2.5.1\nPID|1||${patient}\n`;

describe('sending', () => {
  let receiver: Receiver;
  let port: number;
  let folder: string;

  beforeEach(async () => {
    receiver = new Receiver();
    port = await receiver.start();
    folder = await mkdtemp(join(tmpdir(), 'send-'));
  });
  afterEach(async () => {
    receiver.stop();
    await rm(folder, { recursive: true });
  });

  async function send(text: string, overrides: Partial<SendOptions> = {}) {
    const path = join(folder, 'many.hl7');
    await writeFile(path, text);
    const to = { name: 'there', mllp: { host: '127.0.0.1', port }, http: undefined };
    return sendFiles({
      files: [{ path, kind: 'hl7v2' }],
      route: () => to,
      connections: 3,
      onProgress: () => undefined,
      stop: new AbortController().signal,
      now: () => performance.now(),
      ...overrides,
    });
  }

  it('sends a batch message by message, and nothing of one whose trailer counts something else', async () => {
    const batch = (count: number) =>
      `FHS|^~\\&|HIS\nBHS|^~\\&|HIS\n${message('B1', 'A')}${message('B2', 'B')}BTS|${count}\nFTS|1\n`;
    expect(await send(batch(2))).toMatchObject({ sent: 2, accepted: 2, refused: [] });
    const wrong = await send(batch(3));
    expect(wrong).toMatchObject({ sent: 1, accepted: 0 });
    expect(wrong.refused[0]).toMatchObject({
      message: 0,
      refusals: [{ code: 'hl7.batch-count', where: 'BTS-1', why: expect.stringContaining('counts 3; there are 2') }],
    });
    expect(receiver.heard.map(({ id }) => id).sort()).toEqual(['B1', 'B2']);
  });

  it('waits for no answer that nobody asked for, and keeps later acknowledgements apart', async () => {
    const asking = (id: string, ask: string) => message(id, 'A').replace('|2.5.1', `|2.5.1|||${ask}`);
    const report = await send(
      [asking('LATER-1', 'AL|AL'), asking('QUIET', 'NE|ER'), asking('LATER-2', 'AL|AL'), asking('BAD', 'AL|NE')].join(
        '',
      ),
    );
    expect(report).toMatchObject({ sent: 4, accepted: 3 });
    expect(report.refused).toHaveLength(1);
    expect(receiver.heard.map(({ id }) => id)).toEqual(['LATER-1', 'QUIET', 'LATER-2', 'BAD']);
  });

  it('sends each message once and reports each refusal by file, number, code and place', async () => {
    const seen: number[] = [];
    const text = [message('1', 'A'), message('BAD2', 'B'), message('3', 'C')].join('');
    const report = await send(text, { onProgress: ({ done }) => seen.push(done) });
    expect(report).toMatchObject({ files: 1, sent: 3, accepted: 2, unsent: 0, to: ['there'] });
    expect(report.refused).toEqual([
      {
        file: join(folder, 'many.hl7'),
        message: 2,
        refusals: [{ answer: 'AE', code: 'hl7.data-type', where: 'PID-7.1', why: 'A value is not of its data type' }],
      },
    ]);
    expect(receiver.heard.map(({ id }) => id).sort()).toEqual(['1', '3', 'BAD2']);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('keeps the order of each patient and uses several connections', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => index);
    await send(ids.map((id) => message(String(id), `P${id % 6}`)).join(''));
    for (let patient = 0; patient < 6; patient += 1) {
      const own = receiver.heard.filter((each) => each.patient === `P${patient}`);
      expect(own.map(({ id }) => Number(id))).toEqual(ids.filter((id) => id % 6 === patient));
      expect(new Set(own.map(({ connection }) => connection)).size).toBe(1);
    }
    expect(new Set(receiver.heard.map(({ connection }) => connection)).size).toBeGreaterThan(1);
  });

  it('sends again when the connection is cut before an acknowledgement', async () => {
    const report = await send(message('CUT1', 'A') + message('2', 'A'));
    expect(report).toMatchObject({ accepted: 2, refused: [] });
    expect(receiver.heard.map(({ id }) => id)).toEqual(['CUT1', '2']);
  });

  it('fails as a whole when nothing listens', async () => {
    receiver.stop();
    await once(receiver.server, 'close');
    await expect(send(message('1', 'A'))).rejects.toMatchObject({
      code: 'peer.unavailable',
      where: `mllp://127.0.0.1:${port}`,
    });
  });

  it('stops between two messages and says how many are left', async () => {
    const stopping = new AbortController();
    const onProgress = () => stopping.abort();
    const report = await send(message('1', 'A') + message('2', 'A') + message('3', 'A'), {
      stop: stopping.signal,
      onProgress,
    });
    expect(report).toMatchObject({ sent: 1, unsent: 2 });
  });
});
