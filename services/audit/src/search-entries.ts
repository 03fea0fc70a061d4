import { auditEntry, type AuditEntry } from '@medshare/events';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { parseQuery } from './parse-query.js';
import { renderAuditEvent } from './render-audit-event.js';

/** Matches are counted so far; beyond it a page has no total (FHIR allows that). */
const countedAtMost = 100_000;

/**
 * `GET /fhir/AuditEvent`: date (eq, ge, gt, le, lt), action (FHIR code of the subtype: an audit action), outcome, entity
 * (`<kind>|<id>`), `_count`, and `cursor` of the next link. Another parameter is refused: what cannot be filtered is not guessed.
 */
export class SearchEntries {
  constructor(private readonly context: RoleContext) {}

  async search(query: Record<string, unknown>, baseUrl: string): Promise<Record<string, unknown>> {
    const { text, values, count, cursor } = parseQuery(query);
    const where = `WHERE ${['TRUE', ...text].join(' AND ')}`;
    const { database } = this.context;
    const [total, { rows }] = await Promise.all([
      database.query<{ count: string }>(
        `SELECT count(*) FROM (SELECT 1 FROM entry e ${where} LIMIT $${values.length + 1}) AS matches`,
        [...values, countedAtMost + 1],
      ),
      database.query<{ index: string; bytes: Buffer }>(
        `SELECT e.index, e.bytes FROM entry e ${where} AND e.index < $${values.length + 1}
         ORDER BY e.index DESC LIMIT $${values.length + 2}`,
        [...values, cursor, count],
      ),
    ]);
    const matches = Number(total.rows[0]?.count ?? 0);
    const next = rows.length === count ? rows.at(-1)?.index : undefined;
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      ...(matches <= countedAtMost ? { total: matches } : {}),
      link: [
        { relation: 'self', url: linkOf(baseUrl, query) },
        ...(next ? [{ relation: 'next', url: linkOf(baseUrl, { ...query, cursor: next }) }] : []),
      ],
      // FHIR has no empty arrays, but whoever reads a page wants one
      entry: rows.map(({ bytes }) => {
        const entry = parseEntry(bytes);
        return { fullUrl: `${baseUrl}/${entry.id}`, resource: renderAuditEvent(entry), search: { mode: 'match' } };
      }),
    };
  }

  async read(id: string): Promise<Record<string, unknown>> {
    const { rows } = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
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
