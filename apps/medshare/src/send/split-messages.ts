import { isBatch, MllpDecoder, readBatch } from '@medshare/hl7';
import type { Problem } from '@medshare/problems';

const cr = 0x0d;
const lf = 0x0a;
const startBlock = 0x0b;
const [m, s, h] = [0x4d, 0x53, 0x48];

/** Largest message that is looked for in a framed file, bytes. */
const maxFramed = 64 * 1024 * 1024;
/** Messages of one file in batches. */
const maxBatch = 1_000_000;

/**
 * HL7 v2 messages of a file, each from its MSH to the next one, segments ending in CR.
 *
 * Files end segments in LF or CR LF where the standard has CR; as in the parser, the first end says which it is, and in a file of
 * CRs an LF is text. MLLP frames are taken off. Batch envelopes (FHS, BHS, BTS, FTS) are not messages. What has no MSH is one
 * message: the receiver says what is wrong with it.
 */
export function splitMessages(file: Uint8Array): Uint8Array[] {
  if (file[0] === startBlock) return unframed(file);
  const bytes = normalised(file);
  const starts = startsOf(bytes);
  if (starts.length === 0) return blank(bytes) ? [] : [bytes];
  return starts.map((start, index) => withoutTail(bytes.subarray(start, starts[index + 1] ?? bytes.length)));
}

/**
 * What is wrong with a file's batch envelopes (FHS, BHS, BTS, FTS): then it may be half of what was written, and nothing of it is sent.
 * @throws Problem hl7.unparsable, hl7.too-many
 */
export const envelopeProblems = (file: Uint8Array): readonly Problem[] =>
  (file[0] === startBlock ? unframed(file) : [file]).flatMap((each) =>
    isBatch(each) ? readBatch(each, maxBatch).problems : [],
  );

function unframed(file: Uint8Array): Uint8Array[] {
  return new MllpDecoder(maxFramed).push(file).flatMap((output) => ('frame' in output ? [output.frame] : []));
}

function normalised(file: Uint8Array): Uint8Array {
  const first = file.findIndex((byte) => byte === cr || byte === lf);
  if (first < 0 || (file[first] === cr && file[first + 1] !== lf)) return file;
  const pairs = file[first] === cr;
  const out = new Uint8Array(file.length);
  let length = 0;
  for (let at = 0; at < file.length; at += 1) {
    const pair = pairs && file[at] === cr && file[at + 1] === lf;
    out[length] = pair || (!pairs && file[at] === lf) ? cr : (file[at] as number);
    length += 1;
    if (pair) at += 1;
  }
  return out.subarray(0, length);
}

/** Where a line begins with MSH and a delimiter; a byte order mark may stand before the first. */
function startsOf(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  const from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let at = from; at >= from && at < bytes.length; at = bytes.indexOf(cr, at) + 1 || bytes.length)
    if (isHeader(bytes, at)) starts.push(at === from ? 0 : at);
  return starts;
}

const isHeader = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === m && bytes[at + 1] === s && bytes[at + 2] === h && !isWord(bytes[at + 3]);

const isWord = (byte: number | undefined): boolean =>
  byte === undefined || byte <= 0x20 || /[A-Za-z0-9]/.test(String.fromCharCode(byte));

const envelope = /^(BHS|FHS|BTS|FTS)/;

/** Blank lines and batch envelopes after the last segment belong to the file, not to the message. */
function withoutTail(message: Uint8Array): Uint8Array {
  let end = message.length;
  for (;;) {
    while (end > 0 && (message[end - 1] === cr || message[end - 1] === lf)) end -= 1;
    const begin = message.lastIndexOf(cr, end - 1) + 1;
    if (begin === 0 || !envelope.test(String.fromCharCode(...message.subarray(begin, begin + 3)))) break;
    end = begin;
  }
  const whole = new Uint8Array(end + 1);
  whole.set(message.subarray(0, end));
  whole[end] = cr;
  return whole;
}

const blank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);
