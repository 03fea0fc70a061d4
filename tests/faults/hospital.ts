import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameMllp, MllpDecoder } from '@medshare/hl7';
import { admission, patient, sodium, type Patient } from '../harness/messages.js';

/** Time a sender gives an answer before it begins anew, ms. */
const patience = 10_000;
/** Time after which a sender gives a message up, and the test with it, ms: servers come back slowly on a busy machine. */
const limit = 600_000;
/** Pause before a message is sent again, ms. */
const again = 250;

interface Line {
  socket: Socket;
  decoder: MllpDecoder;
}

/**
 * Sends as hospitals do: a connection a patient, one message at a time, and the same message again until it was acknowledged.
 * Remembers what was, in order: that is what the platform promised to keep.
 */
export class Hospital {
  /** control ids by patient, in the order in which they were acknowledged */
  readonly acknowledged = new Map<string, string[]>();
  /** how often something was sent again */
  repeated = 0;
  private givenUp = false;
  private control = 0;
  private patients = 0;

  constructor(
    private readonly port: number,
    private readonly run: string,
    /** resolves when a patient's next message may go */
    private readonly pace: () => Promise<unknown> = () => sleep(30),
  ) {}

  get total(): number {
    return [...this.acknowledged.values()].reduce((sum, ids) => sum + ids.length, 0);
  }

  /** New patients, each with a stream of messages that ends, all acknowledged, after `enough` says so. */
  async stream(count: number, enough: () => boolean): Promise<void> {
    const people = Array.from({ length: count }, () => patient((this.patients += 1)));
    await Promise.all(people.map((one) => this.streamOf(one, enough)));
  }

  /** Nothing more is sent, nor sent again; streams that have not ended are rejected. */
  giveUp(): void {
    this.givenUp = true;
  }

  private async streamOf(of: Patient, enough: () => boolean): Promise<void> {
    const ids: string[] = [];
    this.acknowledged.set(of.citizen, ids);
    let line: Line | undefined;
    for (let n = 0; n < 3 || !enough(); n += 1) {
      const id = `${this.run}-${(this.control += 1)}`;
      const message = n === 0 ? admission(of, id) : sodium(of, String(130 + (n % 20)), id);
      line = await this.deliver(line, id, message);
      ids.push(id);
      await this.pace();
    }
    line?.socket.destroy();
  }

  private async deliver(given: Line | undefined, id: string, message: string): Promise<Line> {
    let line = given;
    for (const end = Date.now() + limit; Date.now() < end && !this.givenUp;) {
      try {
        line ??= await open(this.port);
        const answer = await exchange(line, message);
        if (answer.includes(`\rMSA|AA|${id}`)) return line;
      } catch {
        line?.socket.destroy();
        line = undefined;
      }
      this.repeated += 1;
      await sleep(again);
    }
    throw new Error(this.givenUp ? `${id} was given up` : `${id} was not acknowledged in ${limit} ms`);
  }
}

const open = (port: number): Promise<Line> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve({ socket, decoder: new MllpDecoder(1024 * 1024) }));
    socket.once('error', reject);
  });

/** @throws when the connection ends, or nothing comes in time */
function exchange({ socket, decoder }: Line, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(late);
      for (const name of ['data', 'error', 'close']) socket.removeAllListeners(name);
      socket.on('error', () => undefined);
      settle();
    };
    const late = setTimeout(() => end(() => reject(new Error('no answer'))), patience);
    socket.on('error', (caught) => end(() => reject(caught)));
    socket.on('close', () => end(() => reject(new Error('closed'))));
    socket.on('data', (chunk: Buffer) => {
      for (const one of decoder.push(chunk))
        if ('frame' in one) end(() => resolve(Buffer.from(one.frame).toString('utf8')));
    });
    socket.write(frameMllp(Buffer.from(message)));
  });
}
