export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const MAX_DEPTH = 32;
const SURROGATE = /\p{Surrogate}/u;

/**
 * The one text of a JSON value: RFC 8785 restricted to what every implementation writes alike. Numbers are safe integers.
 * @param value strings, safe integers, booleans, null, arrays and plain objects of them, at most 32 deep; members that are
 *   undefined are left out, as JSON.stringify does
 * @returns JSON without white space, keys in the order of their UTF-16 units
 * @throws TypeError naming the place: fractions, −0, undefined elsewhere, lone surrogates, other objects, deeper values
 */
export function canonical(value: unknown): string {
  return write(value, '', 0);
}

function write(value: unknown, path: string, depth: number): string {
  if (depth > MAX_DEPTH) throw refused(path, 'deeper than 32');
  switch (typeof value) {
    case 'string':
      return text(value, path);
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw refused(path, 'not a safe integer');
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? list(value, path, depth) : record(value, path, depth);
    default:
      throw refused(path, typeof value);
  }
}

function text(value: string, path: string): string {
  if (SURROGATE.test(value)) throw refused(path, 'a lone surrogate');
  return JSON.stringify(value);
}

// not map(): it would skip the holes of a sparse array
const list = (values: readonly unknown[], path: string, depth: number): string =>
  `[${Array.from(values, (value, i) => write(value, `${path}/${i}`, depth + 1)).join(',')}]`;

function record(value: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw refused(path, 'not a plain object');
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${text(key, path)}:${write(one, `${path}/${key}`, depth + 1)}`).join(',')}}`;
}

const refused = (path: string, why: string): TypeError => new TypeError(`no canonical JSON at ${path || '/'}: ${why}`);
