import type { Socket } from 'node:net';
import { frameMllp, MllpDecoder, readAcknowledgement, type AcknowledgementRead, type MllpOutput } from '@medshare/hl7';
import { problem } from '@medshare/problems';
import { faultPoint } from '@medshare/telemetry/fault-point';
import type { Channel } from '../open-channels.js';
import type { ReceiveFrame } from '../receive-frame.js';
import type { Origin } from '../receive-hl7v2.js';

const nothing = new Uint8Array();
/** bytes that are looked at in one go */
const pieceBytes = 1024;

interface Answer {
  readonly framed: Uint8Array;
  /** the traces of the messages that it answers */
  readonly traceparents: readonly string[];
}

export interface MllpLimits {
  readonly maxMessageBytes: number;
  /** messages that wait for their answer; past it nothing more is read */
  readonly maxInFlight: number;
  /** silence after which the connection is closed, ms */
  readonly idleTimeout: number;
}

/** How long a sender may take to acknowledge what we send, ms. */
const acceptTimeout = 30_000;

interface Awaiting {
  resolve(): void;
  reject(why: Error): void;
}

/**
 * One sender. Messages are worked on as they come; their acknowledgements leave in the order in which the messages came.
 */
export class MllpConnection implements Channel {
  private readonly decoder: MllpDecoder;
  private readonly answers: Promise<Answer>[] = [];
  /** what came and was not looked at yet: more messages than may wait for their answer */
  private unread: Uint8Array = nothing;
  private writing: Promise<void> | undefined;
  private ending = false;
  /** what we sent and asked to be acknowledged, by MSH-10 */
  private readonly awaiting = new Map<string, Awaiting>();

  constructor(
    private readonly socket: Socket,
    private readonly receive: ReceiveFrame,
    private readonly limits: MllpLimits,
    private readonly origin: Origin,
  ) {
    this.decoder = new MllpDecoder(limits.maxMessageBytes);
    socket.setNoDelay(true);
    // a sender may be silent for as long as it waits for us, and not a moment longer
    socket.setTimeout(limits.idleTimeout, () => (this.answers.length > 0 ? undefined : this.close()));
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('end', () => this.ended());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.forsake());
  }

  /** Between the answers, never inside one: a frame is written at once. */
  async send(message: Uint8Array, awaited?: string): Promise<void> {
    if (!this.socket.writable || this.ending) throw gone();
    const accepted = awaited === undefined ? undefined : this.accepted(awaited);
    // whatever comes of the write, a rejection of the other must not go unheard
    accepted?.catch(() => undefined);
    await new Promise<void>((resolve, reject) => {
      this.socket.write(frameMllp(message), (failed) => (failed ? reject(gone()) : resolve()));
    });
    await accepted;
  }

  private accepted(controlId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.awaiting.get(controlId)?.reject(gone()), acceptTimeout);
      const settle = (work: () => void) => {
        clearTimeout(timer);
        this.awaiting.delete(controlId);
        work();
      };
      this.awaiting.set(controlId, {
        resolve: () => settle(resolve),
        reject: (why) => settle(() => reject(why)),
      });
    });
  }

  /** An acknowledgement of what we sent. None is answered, so that two systems never acknowledge each other for ever. */
  private acknowledged({ code, controlId }: AcknowledgementRead): void {
    const waiting = this.awaiting.get(controlId);
    if (code === 'CA' || code === 'AA') waiting?.resolve();
    else waiting?.reject(problem('peer.refused', { detail: 'the sender refused its acknowledgement' }));
  }

  private forsake(): void {
    for (const { reject } of [...this.awaiting.values()]) reject(gone());
  }

  /** Reads no more, answers what was read, then closes. Resolves when the connection is gone. */
  async stop(graceMs: number): Promise<void> {
    const gone = new Promise<void>((resolve) => (this.socket.closed ? resolve() : this.socket.once('close', resolve)));
    this.socket.pause();
    this.ending = true;
    const cut = setTimeout(() => this.socket.destroy(), graceMs);
    await this.writing;
    this.close();
    await gone.finally(() => clearTimeout(cut));
  }

  private take(chunk: Uint8Array): void {
    if (this.ending) return;
    faultPoint('ingest.read');
    this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk]);
    this.decode();
  }

  /** Three bytes can be a frame: a chunk full of them is worked off in pieces, and waits where too many answers do. */
  private decode(): void {
    while (this.unread.length > 0 && this.answers.length < this.limits.maxInFlight) {
      const piece = this.unread.subarray(0, pieceBytes);
      this.unread = this.unread.subarray(piece.length);
      for (const output of this.decoder.push(piece)) this.answer(output);
    }
    if (this.answers.length >= this.limits.maxInFlight) this.socket.pause();
  }

  private answer(output: MllpOutput): void {
    const told = 'frame' in output ? readAcknowledgement(output.frame) : undefined;
    if (told) return this.acknowledged(told);
    // an answer that cannot be made must neither look like another one nor end the process
    const framed = this.answerTo(output).catch(() => this.fail());
    this.answers.push(framed);
    this.writing ??= this.write();
  }

  /** One frame an acknowledgement; nothing where the sender wants none. */
  private async answerTo(output: MllpOutput): Promise<Answer> {
    const acknowledged =
      'frame' in output
        ? (await this.receive.receive(output.frame, this.origin)).acknowledged
        : [await this.receive.refuseFrame(output.problem)];
    const frames = acknowledged.flatMap(({ bytes }) => (bytes ? [frameMllp(bytes)] : []));
    const traceparents = acknowledged.flatMap(({ traceparent }) => traceparent ?? []);
    return { framed: frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames), traceparents };
  }

  private async write(): Promise<void> {
    for (let next = this.answers[0]; next !== undefined; next = this.answers[0]) {
      const { framed, traceparents } = await next;
      const steps = traceparents.map((traceparent) => this.receive.beginAcknowledging(traceparent));
      void this.answers.shift();
      if (framed.length > 0 && this.socket.writable && !this.socket.write(framed)) await this.drained();
      for (const step of steps) step.end();
      faultPoint('ingest.ack.written');
      if (this.answers.length < this.limits.maxInFlight / 2 && !this.ending) this.goOn();
    }
    this.writing = undefined;
    if (this.ending) this.close();
  }

  private goOn(): void {
    this.decode();
    if (this.unread.length === 0) this.socket.resume();
  }

  /** A sender that does not read its answers gets no more of our memory. */
  private drained(): Promise<void> {
    return new Promise((resolve) => {
      const on = () => {
        this.socket.off('drain', on).off('close', on);
        resolve();
      };
      this.socket.on('drain', on).on('close', on);
    });
  }

  private fail(): Answer {
    this.socket.destroy();
    return { framed: nothing, traceparents: [] };
  }

  private ended(): void {
    const cut = this.decoder.end();
    if (cut) this.answer({ problem: cut });
    this.ending = true;
    if (!this.writing) this.close();
  }

  private close(): void {
    this.ending = true;
    this.socket.end(() => this.socket.destroy());
  }
}

const gone = () => problem('peer.unavailable', { detail: 'the connection of the message is gone' });
