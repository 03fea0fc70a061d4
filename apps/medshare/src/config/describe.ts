import { stringify } from 'yaml';
import { configTree, type Node } from './keys.js';
import type { Config } from './schema.js';

/** Documentation of every key as a Markdown table, made from the schema. */
export function describeConfig(): string {
  const head = ['| key | type | default | meaning |', '| --- | --- | --- | --- |'];
  return [...head, ...rowsOf('', configTree())].join('\n') + '\n';
}

function rowsOf(key: string, node: Node): string[] {
  const children = Object.entries(node.children).flatMap(([name, child]) =>
    rowsOf(key ? `${key}.${name}` : name, child),
  );
  const inList =
    Object.keys(node.items?.children ?? {}).length > 0 && node.items ? rowsOf(`${key}[]`, node.items).slice(1) : [];
  if (key === '') return children;
  return [`| \`${key}\` | ${node.type} | ${defaultOf(node)} | ${node.description} |`, ...children, ...inList];
}

function defaultOf(node: Node): string {
  if (Object.keys(node.children).length > 0) return node.required ? 'required' : '';
  if (node.default !== undefined) return `\`${JSON.stringify(node.default)}\``;
  return node.required ? 'required' : 'none';
}

const mask = '***';

/** The configuration in force as YAML; passwords in URLs are masked. */
export const printConfig = (config: Config): string =>
  stringify(config, (_key, value: unknown) => (typeof value === 'string' ? masked(value) : value));

/** Everything from the first colon of the user's part to the last @, and what a query calls a secret. */
const masked = (text: string): string =>
  text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^:@/?#]*):.*@/i, `$1:${mask}@`)
    .replace(/([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&#]*/gi, `$1${mask}`);
