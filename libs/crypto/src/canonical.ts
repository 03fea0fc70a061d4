export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Nesting of a document at most. */
const maxDepth = 32;
const lone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Canonical JSON text: RFC 8785 restricted to what medshare signs and hashes: strings, safe integers, booleans, null,
 * arrays and objects. Members whose value is undefined are left out.
 * @throws Error naming the path for a float, a lone surrogate, another type, or too deep a nesting
 */
export function canonical(value: unknown, path = '$', depth = 0): string {
  if (depth > maxDepth) throw new Error(`${path}: nested deeper than ${maxDepth}`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return text(value, path);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Error(`${path}: not a safe integer`);
    return String(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item, index) => canonical(item, `${path}[${index}]`, depth + 1)).join(',')}]`;
  }
  if (typeof value !== 'object' || Object.getPrototypeOf(value) === Uint8Array.prototype) {
    throw new Error(`${path}: ${typeof value} has no canonical form`);
  }
  const members = Object.entries(value as Record<string, unknown>)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${text(key, path)}:${canonical(member, `${path}.${key}`, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function text(value: string, path: string): string {
  if (lone.test(value)) throw new Error(`${path}: lone surrogate`);
  return JSON.stringify(value);
}
