import { problem, type Problem } from '@medshare/problems';
import { encodingCharacters, readDelimiters, usualDelimiters, type Delimiters } from './delimiters.js';
import { escape } from './escapes.js';
import { stampOf } from './timestamp.js';

/** A header of a batch or file (BHS, FHS): what an answer mirrors. */
export type Envelope = {
  readonly delimiters: Delimiters;
  /** raw text of a field, counted as in MSH: field 1 is the separator */
  readonly raw: (field: number) => string;
};

/** Messages between BHS and BTS. */
export type BatchPart = { readonly header: Envelope | undefined; readonly messages: readonly Uint8Array[] };

export type Batch = {
  /** FHS, where there is one */
  readonly file: Envelope | undefined;
  readonly parts: readonly BatchPart[];
  /** what is wrong with the envelopes: then no message is to be taken */
  readonly problems: readonly Problem[];
};

const cr = 0x0d;
const lf = 0x0a;
const bom = [0xef, 0xbb, 0xbf];
const withoutMark = (bytes: Uint8Array) => (bom.every((byte, at) => bytes[at] === byte) ? bytes.subarray(3) : bytes);
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 2048));

/** Whether bytes begin a batch or a file of batches. */
export const isBatch = (bytes: Uint8Array): boolean =>
  /^[FB]HS[^A-Za-z0-9\s]/.test(text(withoutMark(bytes).subarray(0, 4)));

/** Where lines begin, and how long they are with their end. Lines end as the first one does. */
function* linesOf(bytes: Uint8Array): Iterable<{ start: number; end: number }> {
  const first = bytes.findIndex((byte) => byte === cr || byte === lf);
  const mark = first < 0 ? cr : bytes[first] === cr && bytes[first + 1] === lf ? lf : (bytes[first] as number);
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(mark, start);
    const end = found < 0 ? bytes.length : found + 1;
    yield { start, end };
    start = end;
  }
}

const envelopeOf = (line: string): Envelope => {
  const delimiters = readDelimiters(line.replace(/^[FB]HS/, 'MSH'));
  const fields = line.trimEnd().split(delimiters.field);
  fields.splice(1, 0, delimiters.field);
  return { delimiters, raw: (field) => (/^[ -~]{0,200}$/.test(fields[field] ?? '') ? (fields[field] ?? '') : '') };
};

/** Reads the lines of a batch: envelopes, and where each message stands. */
class Reader {
  readonly problems: Problem[] = [];
  readonly parts: { header: Envelope | undefined; messages: Uint8Array[] }[] = [];
  file: Envelope | undefined;
  private part: { header: Envelope | undefined; messages: Uint8Array[] } | undefined;
  private began: number | undefined;
  private ended = false;
  private trailers = 0;
  private count = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly maxMessages: number,
  ) {}

  read(): void {
    for (const { start, end } of linesOf(this.bytes)) {
      const head = text(this.bytes.subarray(start, Math.min(end, start + 4)));
      const name = /^(MSH|BHS|BTS|FHS|FTS)(?![A-Za-z0-9])/.exec(head)?.[1];
      if (name !== undefined) this.close(start);
      if (name === 'MSH') this.open(start);
      else if (name !== undefined) this.envelope(name, text(this.bytes.subarray(start, end)));
      else if (this.began === undefined && head.trim() !== '') this.misplaced(head.slice(0, 3), 'outside a message');
      if (this.problems.length >= 50) return;
    }
    this.close(this.bytes.length);
    if (this.count === 0) this.misplaced('MSH', 'a batch holds at least one message');
  }

  private open(start: number): void {
    if (this.ended) this.misplaced('MSH', 'after the end of the file');
    if (!this.part) this.parts.push((this.part = { header: undefined, messages: [] }));
    this.began = start;
    this.count += 1;
    if (this.count > this.maxMessages)
      throw problem('hl7.too-many', { where: 'MSH', detail: `more than ${this.maxMessages} messages in a batch` });
  }

  private close(end: number): void {
    if (this.began !== undefined) this.part?.messages.push(this.bytes.subarray(this.began, end));
    this.began = undefined;
  }

  private envelope(name: string, line: string): void {
    if (name === 'FHS') this.fileHeader(line);
    else if (name === 'BHS') this.parts.push((this.part = { header: envelopeOf(line), messages: [] }));
    else if (name === 'BTS') this.trailer(line);
    else this.fileTrailer(line);
  }

  private fileHeader(line: string): void {
    if (this.file || this.parts.length > 0) this.misplaced('FHS', 'not at the start');
    this.file ??= envelopeOf(line);
  }

  private trailer(line: string): void {
    this.trailers += 1;
    const where = this.trailers === 1 ? 'BTS-1' : `BTS[${this.trailers}]-1`;
    if (!this.part?.header) this.misplaced('BTS', 'without its BHS');
    else this.compare(line, where, this.part.messages.length, 'messages');
    this.part = undefined;
  }

  private fileTrailer(line: string): void {
    if (!this.file || this.ended) this.misplaced('FTS', 'without its FHS');
    else this.compare(line, 'FTS-1', this.parts.length, 'batches');
    this.part = undefined;
    this.ended = true;
  }

  /** A count that is left out says nothing. */
  private compare(line: string, where: string, found: number, what: string): void {
    const told = line.trimEnd().split(line.charAt(3))[1]?.trim() ?? '';
    if (told === '' || told === '""' || told === String(found) || (/^\d{1,9}$/.test(told) && Number(told) === found))
      return;
    const counted = /^\d{1,9}$/.test(told) ? `counts ${told}` : 'has no number';
    this.problems.push(
      problem('hl7.batch-count', { where, detail: `the trailer ${counted}; there are ${found} ${what}` }),
    );
  }

  private misplaced(name: string, detail: string): void {
    const where = /^[A-Z][A-Z0-9]{2}$/.test(name) ? name : undefined;
    this.problems.push(problem('hl7.segment-sequence', { where, detail }));
  }
}

/**
 * Reads the batch protocol (HL7 v2.5.1 section 2.10.3): `[FHS] { [BHS] { messages } [BTS] } [FTS]`. Nothing is said about the messages.
 * @param maxMessages of all batches together
 * @throws Problem hl7.too-many, hl7.unparsable for a header without delimiters
 */
export const readBatch = (bytes: Uint8Array, maxMessages: number): Batch => {
  const reader = new Reader(withoutMark(bytes), maxMessages);
  reader.read();
  const { file, parts, problems } = reader;
  return { file, parts, problems };
};

export type BatchAnswer = {
  /** acknowledgements of each part's messages, in their order */
  readonly acknowledgements: readonly (readonly Uint8Array[])[];
  /** ms since the epoch */
  readonly time: number;
  /** control ids of the answer's own headers */
  readonly controlId: () => string;
};

const encoder = new TextEncoder();

/** Wraps acknowledgements as the batch was: headers with the parties swapped, naming what they answer (BHS-12, FHS-12), and counts. */
export const answerBatch = (batch: Batch, { acknowledgements, time, controlId }: BatchAnswer): Uint8Array => {
  const pieces: Uint8Array[] = [];
  const header = (name: string, of: Envelope | undefined) =>
    pieces.push(encoder.encode(headerOf(name, of, time, controlId())));
  const trailer = (name: string, of: Envelope | undefined, count: number) =>
    pieces.push(encoder.encode(`${name}${(of?.delimiters ?? usualDelimiters).field}${count}\r`));
  if (batch.file) header('FHS', batch.file);
  batch.parts.forEach(({ header: of }, index) => {
    const answers = acknowledgements[index] ?? [];
    header('BHS', of ?? batch.file);
    pieces.push(...answers);
    trailer('BTS', of ?? batch.file, answers.length);
  });
  if (batch.file) trailer('FTS', batch.file, batch.parts.length);
  return concat(pieces);
};

const headerOf = (name: string, of: Envelope | undefined, time: number, controlId: string): string => {
  const marks = of?.delimiters ?? usualDelimiters;
  const raw = of?.raw ?? (() => '');
  const fields = [name, encodingCharacters(marks), raw(5), raw(6), raw(3), raw(4), stampOf(time), '', '', ''];
  return `${[...fields, escape(controlId, marks), raw(11)].join(marks.field)}\r`;
};

const concat = (pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
