import { problem, type Problem } from '@medshare/problems';

const startBlock = 0x0b;
const endBlock = 0x1c;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** What `push` found, in order: a whole message without its frame, or what was wrong. */
export type MllpOutput = { readonly frame: Uint8Array } | { readonly problem: Problem };

type State = 'between' | 'inside' | 'ending' | 'discarding';

/**
 * The framing of HL7's Minimal Lower Layer Protocol, release 1: VT message FS CR. Keeps at most `maxBytes` (plus one), however the bytes
 * are chopped. After anything wrong it says so once and goes on at the next VT.
 */
export class MllpDecoder {
  private state: State = 'between';
  private buffer = new Uint8Array(4096);
  private length = 0;
  private noisy = false;

  /** @param maxBytes of one message, framing excluded */
  constructor(private readonly maxBytes: number) {}

  push(chunk: Uint8Array): MllpOutput[] {
    const out: MllpOutput[] = [];
    for (let at = 0; at < chunk.length;) at = this.step(chunk, at, out);
    return out;
  }

  /** The connection is at its end. @returns `hl7.truncated` if a message was under way */
  end(): Problem | undefined {
    const open = this.state === 'inside' || this.state === 'ending';
    this.reset('between');
    return open ? problem('hl7.truncated', { detail: 'the connection ended inside a frame' }) : undefined;
  }

  /** whether bytes of an unfinished message are held */
  get pending(): boolean {
    return this.state === 'inside' || this.state === 'ending';
  }

  private step(chunk: Uint8Array, at: number, out: MllpOutput[]): number {
    const byte = chunk[at] as number;
    if (byte === startBlock) return this.open(at, out);
    if (this.state === 'inside') return this.take(chunk, at, out);
    if (this.state === 'ending') return this.close(byte, at, out);
    const blank = byte === carriageReturn || byte === lineFeed;
    if (this.state === 'between' && !blank && !this.noisy) {
      this.noisy = true;
      out.push({ problem: framing('bytes outside a frame') });
    }
    const next = chunk.indexOf(startBlock, at);
    return this.noisy || this.state === 'discarding' ? (next < 0 ? chunk.length : next) : at + 1;
  }

  private open(at: number, out: MllpOutput[]): number {
    // a mark that follows another at once begins nothing anew: a flood of them is one frame
    if (this.pending && this.length > 0) out.push({ problem: framing('a frame began inside another') });
    this.reset('inside');
    return at + 1;
  }

  /** Takes the run of bytes up to the next mark. */
  private take(chunk: Uint8Array, at: number, out: MllpOutput[]): number {
    let stop = at;
    while (stop < chunk.length && chunk[stop] !== endBlock && chunk[stop] !== startBlock) stop += 1;
    if (this.length + stop - at > this.maxBytes) {
      out.push({ problem: problem('hl7.too-large', { detail: `more than ${this.maxBytes} bytes in a frame` }) });
      this.reset('discarding');
      return stop;
    }
    this.append(chunk.subarray(at, stop));
    if (chunk[stop] !== endBlock) return stop;
    this.state = 'ending';
    return stop + 1;
  }

  private close(byte: number, at: number, out: MllpOutput[]): number {
    if (byte === carriageReturn) {
      out.push({ frame: this.buffer.slice(0, this.length) });
      this.reset('between');
    } else {
      out.push({ problem: framing('the end block is not followed by a carriage return') });
      this.reset('discarding');
    }
    return at + 1;
  }

  private append(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, this.length));
      this.buffer = grown;
    }
    this.buffer.set(bytes, this.length);
    this.length = needed;
  }

  private reset(state: State): void {
    if (this.buffer.length > 65_536) this.buffer = new Uint8Array(4096);
    this.length = 0;
    this.noisy = false;
    this.state = state;
  }
}

const framing = (detail: string) => problem('hl7.framing', { detail });

/** @returns VT message FS CR */
export const frameMllp = (message: Uint8Array): Uint8Array => {
  const framed = new Uint8Array(message.length + 3);
  framed[0] = startBlock;
  framed.set(message, 1);
  framed.set([endBlock, carriageReturn], message.length + 1);
  return framed;
};
