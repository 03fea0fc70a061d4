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
  'askId',
  'grantId',
  'dealId',
  'receiptId',
  'correlationId',
  'traceId',
  'spanId',
  'leaf',
  'class',
  'purpose',
  // another institution; role and institution of the process itself stand in every line
  'member',
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
export interface LoggedError {
  readonly name: string;
  readonly code: string | undefined;
  readonly where: string | undefined;
  readonly detail: string | undefined;
  readonly stack: readonly string[] | undefined;
  readonly cause: LoggedError | undefined;
}

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

const nothing = { code: undefined, where: undefined, detail: undefined, stack: undefined, cause: undefined };

const shaped = (value: unknown, shape: RegExp) => (typeof value === 'string' && shape.test(value) ? value : undefined);
const codeOf = (code: unknown) =>
  shaped(code, errorCode) ?? (typeof code === 'string' && code in constants.errno ? code : undefined);
const textOf = (value: unknown) => (typeof value === 'string' ? shorten(value) : undefined);
const framesOf = (stack: unknown) => {
  const lines = typeof stack === 'string' ? stack.split('\n').filter((line) => stackFrame.test(line)) : [];
  return lines.length > 0 ? lines.slice(0, STACK_FRAMES).map((line) => line.trim()) : undefined;
};

/** An error without its message: a message may quote what it failed on. A Problem's detail is about the rule only, and stays. */
export const loggedError = (caught: unknown, depth = 0): LoggedError => {
  if (typeof caught !== 'object' || caught === null) return { ...nothing, name: typeof caught };
  const { name, code, where, detail, stack, cause } = caught as Record<string, unknown>;
  const ofProblem = name === 'Problem';
  return {
    name: shaped(name, errorName) ?? 'Error',
    code: codeOf(code),
    where: ofProblem ? textOf(where) : undefined,
    detail: ofProblem ? textOf(detail) : undefined,
    stack: framesOf(stack),
    cause: cause !== undefined && depth < CAUSES ? loggedError(cause, depth + 1) : undefined,
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
