import { parse } from 'yaml';
import { configTree, type Node } from './keys.js';

const prefix = 'MEDSHARE_';
/**
 * Names that are no keys: where the file is, a test's fault, the command line's own, and what Kubernetes sets for a Service called
 * `medshare`.
 */
const others =
  /^MEDSHARE_(CONFIG|FAULT|CLI_[A-Z]+|([A-Z0-9]+_)*SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|([A-Z0-9]+_)*PORT(_[0-9]+_TCP(_[A-Z]+)?)?)$/;

/** A value by its place: `{path: ['http', 'port'], value: 8081}`. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * Reads `MEDSHARE_HTTP__PORT=8081` as `http.port: 8081`: two underscores step into a section, one stands between words.
 * Lists and maps are written as YAML.
 *
 * @param env names and values of the environment
 * @param mistakes gets a line for every name that leads nowhere and every value of another type
 */
export function overridesOf(env: Readonly<Record<string, string | undefined>>, mistakes: string[]): Override[] {
  const tree = configTree();
  return Object.entries(env).flatMap(([name, text]) => {
    if (!name.startsWith(prefix) || text === undefined) return [];
    const found = findKey(tree, name.slice(prefix.length).split('__'));
    if (found === undefined) {
      if (!others.test(name)) mistakes.push(`${name}: there is no such key`);
      return [];
    }
    const value = valueOf(found.node, text);
    if (value === undefined) mistakes.push(`${name}: must be of type ${found.node.type}`);
    return value === undefined ? [] : [{ path: found.path, value }];
  });
}

const plain = (key: string): string => key.replaceAll(/[_-]/g, '').toLowerCase();

function findKey(node: Node, [segment, ...rest]: string[]): { path: string[]; node: Node } | undefined {
  if (segment === undefined) return { path: [], node };
  if (segment === '') return undefined;
  const known = Object.keys(node.children).find((key) => plain(key) === plain(segment));
  const key = known ?? (node.type.startsWith('map') ? segment.toLowerCase().replaceAll('_', '-') : undefined);
  const child = known === undefined ? node.items : node.children[known];
  if (key === undefined || child === undefined) return undefined;
  const found = findKey(child, rest);
  return found && { path: [key, ...found.path], node: found.node };
}

function valueOf({ type }: Node, text: string): unknown {
  if (type === 'integer') return /^-?\d+$/.test(text) ? Number(text) : undefined;
  if (type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
  if (type === 'boolean') return { true: true, false: false }[text];
  if (type !== 'object' && !/^(list|map) /.test(type)) return text;
  try {
    const value = parse(text, { prettyErrors: false }) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns the document with one value put in its place; sections on the way are made */
export function override(document: unknown, { path: [key, ...rest], value }: Override): unknown {
  if (key === undefined) return value;
  const section = typeof document === 'object' && document !== null ? (document as Record<string, unknown>) : {};
  return { ...section, [key]: override(section[key], { path: rest, value }) };
}
