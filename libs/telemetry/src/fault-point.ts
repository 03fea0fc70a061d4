import { readFileSync } from 'node:fs';
import { problem } from '@medshare/problems';

/**
 * Where tests end or halt the process, on a record's way from the socket to the audit log. `.written` stands inside a transaction with
 * everything written, before its COMMIT; `.done` after it. `.entered` stands before. Kill tests take their cases from this list: a new step gets a name here.
 */
export const faultPoints = [
  'ingest.read',
  'ingest.accept.entered',
  'ingest.accept.done',
  'ingest.ack.written',
  'outbox.published',
  'outbox.written',
  'ingest.map.entered',
  'ingest.map.written',
  'ingest.map.done',
  'classifier.entered',
  'classifier.written',
  'classifier.done',
  'vault.entered',
  'vault.blobs.done',
  'vault.written',
  'vault.done',
  'ledger.enqueued',
  'ledger.submit.entered',
  'ledger.endorsed',
  'ledger.ordered',
  'ledger.block.cut',
  'ledger.block.done',
  'ledger.submit.done',
  'ledger.follow.written',
  'ledger.follow.done',
  'audit.append.written',
  'audit.append.done',
  'audit.checkpoint.written',
  'audit.checkpoint.done',
] as const;
/** Where a person mends what is parked: not on every record's way, so with kill tests of their own. */
export const mendingPoints = [
  'parked.replay.written',
  'parked.replay.done',
  'parked.skip.written',
  'parked.skip.done',
] as const;
/** On the way of what webhooks tell: not on every record's, so with kill tests of their own. */
export const webhookPoints = [
  'webhook.taken',
  'webhook.note.written',
  'webhook.note.done',
  'webhook.fetch.entered',
  'webhook.fetch.taken',
] as const;
/** Passed only where the chain is a network of its own: a kill test of the stack takes them. */
export const fabricPoints = ['ledger.kept'] as const;
export type FaultPoint =
  | (typeof faultPoints)[number]
  | (typeof mendingPoints)[number]
  | (typeof webhookPoints)[number]
  | (typeof fabricPoints)[number];

/** Sends this process the signal that the file asks for, when it passes the point for the n-th time since the file said so. */
const armedBy = (file: string): ((name: FaultPoint) => void) => {
  let order = '';
  let passed = 0;
  return (name) => {
    const read = readOrder(file);
    if (read !== order) [order, passed] = [read, 0];
    const [point, nth = '1', signal = 'SIGKILL'] = order.split(/\s+/);
    if (point !== name) return;
    passed += 1;
    if (passed === Number(nth)) process.kill(process.pid, signal);
  };
};

const readOrder = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};

const chooseFaultPoint = (): ((name: FaultPoint) => void) => {
  const file = process.env['MEDSHARE_FAULT'];
  if (file === undefined) return () => undefined;
  if (process.env['NODE_ENV'] === 'production')
    throw problem('config.invalid', { where: 'MEDSHARE_FAULT', detail: 'is for tests only' });
  return armedBy(file);
};

/**
 * For tests only; does nothing unless MEDSHARE_FAULT names a file when the process starts, and refuses to start with it in production.
 * The file holds `<point> [n] [signal]`, by default the first passing and SIGKILL; it may change, or come later.
 */
export const faultPoint = chooseFaultPoint();
