/** What an authority signs about its log; later ones must be consistent with it (RFC 9162 section 2.1.4). */
export interface Checkpoint {
  /** Which log, e.g. `east/harbor/audit`; printable ASCII without blanks, at most 200 characters. */
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  /** 32 bytes, base64url. */
  readonly root: string;
  /** ms since the epoch */
  readonly time: number;
}

const FIRST = 'medshare/checkpoint/1';
const ORIGIN = /^[!-~]{1,200}$/;
const ROOT = /^[\w-]{42}[AEIMQUYcgkosw048]$/;
const NUMBER = /^(0|[1-9]\d{0,15})$/;

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/**
 * The one text of a checkpoint: five lines, each ended by a line feed: `medshare/checkpoint/1`, origin, size, root, time.
 * @throws RangeError naming the field that is out of its bounds
 */
export function checkpointText({ origin, size, root, time }: Checkpoint): string {
  if (!ORIGIN.test(origin)) throw new RangeError('checkpoint: origin');
  if (!isCount(size)) throw new RangeError('checkpoint: size');
  if (!ROOT.test(root)) throw new RangeError('checkpoint: root');
  if (!isCount(time)) throw new RangeError('checkpoint: time');
  return [FIRST, origin, size, root, time, ''].join('\n');
}

/** @throws RangeError unless it is exactly what `checkpointText` writes */
export function parseCheckpoint(text: string): Checkpoint {
  const [first, origin = '', size = '', root = '', time = '', end, ...more] = text.split('\n');
  if (first !== FIRST || end !== '' || more.length > 0) throw new RangeError('checkpoint: lines');
  if (!NUMBER.test(size) || !NUMBER.test(time)) throw new RangeError('checkpoint: number');
  const checkpoint = { origin, size: Number(size), root, time: Number(time) };
  checkpointText(checkpoint);
  return checkpoint;
}
