import { constants } from 'node:os';

/**
 * The only fields that reach a log line. Everything else is dropped: a log must not carry a patient's data because somebody logged an
 * object. A name is added here when its values are codes, places, counts or opaque ids, and never for content.
 */
export const allowedFields: ReadonlySet<string> = new Set([
  // what went wrong, and where
  'code',
  'where',
  'err',
  'attempt',
  'attempts',
  'status',
  'outcome',
  // who and what, by opaque id
  'id',
  'requestId',
  'grantId',
  'dealId',
  'receiptId',
  'correlationId',
  'traceId',
  'spanId',
  'leaf',
  'class',
  'purpose',
  'role',
  'peer',
  'institution',
  'region',
  'cid',
  'block',
  'height',
  'topic',
  'group',
  'partition',
  'offset',
  'consumer',
  'migration',
  // how much, how long
  'count',
  'size',
  'bytes',
  'ms',
  'lag',
  'connections',
  // the process
  'port',
  'host',
  'address',
  'pid',
  'signal',
  'version',
  'route',
  'method',
  'feed',
  'component',
  'event',
]);

type Plain = string | number | boolean | null;
export type LoggedError = {
  name: string;
  code?: string;
  where?: string;
  detail?: string;
  stack?: string[];
  cause?: LoggedError;
};

const LONGEST_TEXT = 256;
const LONGEST_LIST = 20;
const STACK_FRAMES = 12;
const CAUSES = 3;

const shorten = (text: string) => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);

const plain = (value: unknown): Plain | undefined => {
  if (typeof value === 'string') return shorten(value);
  if (typeof value === 'bigint') return value.toString();
  return value === null || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
};

const allowed = (value: unknown): Plain | Plain[] | undefined => {
  if (!Array.isArray(value)) return plain(value);
  const items = value.slice(0, LONGEST_LIST).map(plain);
  return items.every((item) => item !== undefined) ? items : undefined;
};

/** names and codes by their shape: what is thrown may be anything, also an object with somebody's name */
const errorName = /^[A-Z][A-Za-z]{0,60}(Error|Exception|Problem)$|^Problem$/;
const errorCode = /^([a-z0-9]+\.[a-z-]+|internal|(?=[A-Z]*\d)[0-9A-Z]{5}|ERR_[A-Z0-9_]{2,60})$/;
const stackFrame = /^\s+at .{1,400}(:\d+:\d+\)?|\(<anonymous>\)|\(native\))$/;

/** An error without its message: a message may quote what it failed on. A Problem's detail is about the rule only, and stays. */
export const loggedError = (caught: unknown, depth = 0): LoggedError => {
  if (typeof caught !== 'object' || caught === null) return { name: typeof caught };
  const { name, code, where, detail, stack, cause } = caught as Record<string, unknown>;
  const known = name === 'Problem';
  const shaped = (value: unknown, shape: RegExp) =>
    typeof value === 'string' && shape.test(value) ? value : undefined;
  const codeText = shaped(code, errorCode) ?? (typeof code === 'string' && code in constants.errno ? code : undefined);
  const text = (value: unknown) => (typeof value === 'string' ? shorten(value) : undefined);
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => stackFrame.test(line)) : [];
  return {
    name: shaped(name, errorName) ?? 'Error',
    ...(codeText !== undefined && { code: codeText }),
    ...(known && text(where) !== undefined && { where: text(where)! }),
    ...(known && text(detail) !== undefined && { detail: text(detail)! }),
    ...(frames.length > 0 && { stack: frames.slice(0, STACK_FRAMES).map((line) => line.trim()) }),
    ...(cause !== undefined && depth < CAUSES && { cause: loggedError(cause, depth + 1) }),
  };
};

/** The fields that may be logged, and how many were dropped. */
export const cleanFields = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const kept: Record<string, unknown> = {};
  let dropped = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const clean = !allowedFields.has(name) ? undefined : name === 'err' ? loggedError(value) : allowed(value);
    if (clean === undefined) dropped++;
    else kept[name] = clean;
  }
  return dropped > 0 ? { ...kept, dropped } : kept;
};
