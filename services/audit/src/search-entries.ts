import { auditAction, auditEntry, type AuditEntry } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { renderAuditEvent } from './render-audit-event.js';

/** Entries of one page. */
const page = { default: 50, most: 500 };

interface Filter {
  text: string[];
  values: unknown[];
}

const dates: Record<string, string> = { ge: '>=', gt: '>', le: '<=', lt: '<' };

/**
 * `GET /fhir/AuditEvent`: date (ge, gt, le, lt), action (FHIR code of the subtype: an audit action), outcome, entity
 * (`<kind>|<id>`), `_count`, and `cursor` of the next link. Another parameter is refused: what cannot be filtered is not guessed.
 */
export class SearchEntries {
  constructor(private readonly context: RoleContext) {}

  async search(query: Record<string, unknown>, baseUrl: string): Promise<Record<string, unknown>> {
    const { filter, count, cursor } = parseQuery(query);
    const where = filter.text.length > 0 ? `WHERE ${filter.text.join(' AND ')}` : '';
    const [total, rows] = await Promise.all([
      this.context.database.query<{ count: string }>(`SELECT count(*) FROM entry e ${where}`, filter.values),
      this.context.database.query<{ index: string; bytes: Buffer }>(
        `SELECT e.index, e.bytes FROM entry e ${where} ${where ? 'AND' : 'WHERE'} e.index < $${filter.values.length + 1}
         ORDER BY e.index DESC LIMIT $${filter.values.length + 2}`,
        [...filter.values, cursor, count],
      ),
    ]);
    const last = rows.rows.at(-1);
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      total: Number(total.rows[0]?.count ?? 0),
      link: [
        { relation: 'self', url: linkOf(baseUrl, query) },
        ...(last && rows.rows.length === count
          ? [{ relation: 'next', url: linkOf(baseUrl, { ...query, cursor: last.index }) }]
          : []),
      ],
      entry: rows.rows.map(({ bytes }) => {
        const entry = parseEntry(bytes);
        return { fullUrl: `${baseUrl}/${entry.id}`, resource: renderAuditEvent(entry), search: { mode: 'match' } };
      }),
    };
  }

  async read(id: string): Promise<Record<string, unknown>> {
    const { rows } = /^[0-9a-f-]{36}$/.test(id)
      ? await this.context.database.query<{ bytes: Buffer }>('SELECT bytes FROM entry WHERE id = $1', [id])
      : { rows: [] };
    if (!rows[0]) throw problem('request.not-found', { where: 'AuditEvent' });
    return renderAuditEvent(parseEntry(rows[0].bytes));
  }
}

const parseEntry = (bytes: Uint8Array): AuditEntry => auditEntry.parse(JSON.parse(new TextDecoder().decode(bytes)));

function linkOf(baseUrl: string, query: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) search.append(name, String(one));
  const text = search.toString();
  return text ? `${baseUrl}?${text}` : baseUrl;
}

function parseQuery(query: Record<string, unknown>): { filter: Filter; count: number; cursor: string } {
  const filter: Filter = { text: [], values: [] };
  let [count, cursor] = [page.default, String(Number.MAX_SAFE_INTEGER)];
  for (const [name, given] of Object.entries(query)) {
    for (const value of Array.isArray(given) ? (given as unknown[]) : [given]) {
      const text = typeof value === 'string' ? value : '';
      if (name === '_count') count = numberIn(text, 1, page.most, name);
      else if (name === 'cursor') cursor = String(numberIn(text, 0, Number.MAX_SAFE_INTEGER, name));
      else addFilter(filter, name, text);
    }
  }
  return { filter, count, cursor };
}

/** Search parameters of AuditEvent in FHIR R4 that are not served here. */
const foreign = new Set(
  '_id _lastUpdated _sort _include _revinclude _summary _elements address agent agent-name agent-role altid patient policy site source type entity-name entity-role'.split(
    ' ',
  ),
);

function addFilter(filter: Filter, name: string, value: string): void {
  const add = (sql: (n: number) => string, ...values: unknown[]) => {
    filter.text.push(sql(filter.values.length + 1));
    filter.values.push(...values);
  };
  if (name === 'date') {
    const [, prefix = 'ge', rest = ''] = /^(ge|gt|le|lt)?(.+)$/.exec(value) ?? [];
    const time = Date.parse(rest);
    if (Number.isNaN(time)) throw problem('request.malformed', { where: 'query.date' });
    return add((n) => `e.time ${dates[prefix]} $${n}`, new Date(time));
  }
  if (name === 'action' || name === 'subtype') {
    if (!auditAction.safeParse(value).success) throw problem('request.malformed', { where: `query.${name}` });
    return add((n) => `e.action = $${n}`, value);
  }
  if (name === 'outcome')
    return add((n) => `e.outcome = $${n}`, { 0: 'success', 4: 'refused', 8: 'failed' }[value] ?? '');
  if (name === 'entity') {
    const at = value.indexOf('|');
    if (at < 1) throw problem('request.malformed', { where: 'query.entity', detail: '<kind>|<id>' });
    return add(
      (n) => `e.index IN (SELECT entry_index FROM entity WHERE kind = $${n} AND id = $${n + 1})`,
      value.slice(0, at),
      value.slice(at + 1),
    );
  }
  // a name that FHIR does not know is the asker's own text, and is not repeated
  const where = foreign.has(name) ? `query.${name}` : 'query';
  throw problem('request.malformed', { where, detail: 'not a search parameter here' });
}

function numberIn(text: string, least: number, most: number, name: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw problem('request.malformed', { where: `query.${name}`, detail: `${least} to ${most}` });
  return value;
}
