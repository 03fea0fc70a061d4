import type { MedshareClient } from '@medshare/client';
import { z } from 'zod';

const code = z.object({ system: z.string().optional(), code: z.string().optional() });
const who = z.object({ identifier: z.object({ system: z.string().optional(), value: z.string() }).optional() });
const auditEvent = z.object({
  id: z.string(),
  recorded: z.string(),
  outcome: z.string().optional(),
  outcomeDesc: z.string().optional(),
  subtype: z.array(code).default([]),
  agent: z.array(z.object({ who: who.optional() })).default([]),
  entity: z.array(z.object({ what: who.optional() })).default([]),
});
const searchset = z.object({
  total: z.number().optional(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })).default([]),
  entry: z.array(z.object({ resource: auditEvent })).default([]),
});

/** An AuditEvent as far as it is listed here. */
export interface AuditLine {
  id: string;
  time: string;
  action: string;
  outcome: 'success' | 'refused' | 'failed';
  problem?: string;
  agent: string;
  /** `<kind>|<id>` */
  entities: string[];
}

/** Entries of one page. */
const pageSize = 200;

/** Pages through `GET /fhir/AuditEvent`, the newest entry first, up to `limit` entries. */
export async function readAuditEvents(
  client: Pick<MedshareClient, 'auditEvents'>,
  query: Record<string, string>,
  limit: number,
): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  let cursor: string | undefined;
  do {
    const count = String(Math.min(pageSize, limit - lines.length));
    const page = searchset.parse(
      await client.auditEvents({ ...query, _count: count, ...(cursor !== undefined && { cursor }) }),
    );
    lines.push(...page.entry.map(({ resource }) => lineOf(resource)));
    const next = page.link.find(({ relation }) => relation === 'next');
    cursor = next && page.entry.length > 0 ? (new URL(next.url).searchParams.get('cursor') ?? undefined) : undefined;
  } while (cursor !== undefined && lines.length < limit);
  return lines;
}

/** How many entries a search matches. */
export async function countAuditEvents(
  client: Pick<MedshareClient, 'auditEvents'>,
  query: Record<string, string>,
): Promise<number> {
  return searchset.parse(await client.auditEvents({ ...query, _count: '1' })).total ?? 0;
}

const outcomes: Readonly<Record<string, AuditLine['outcome']>> = { '0': 'success', '4': 'refused', '8': 'failed' };

function lineOf({ id, recorded, outcome, outcomeDesc, subtype, agent, entity }: z.infer<typeof auditEvent>): AuditLine {
  return {
    id,
    time: recorded,
    action: subtype.find(({ system }) => system === 'urn:medshare:audit-action')?.code ?? '?',
    outcome: outcomes[outcome ?? '0'] ?? 'failed',
    ...(outcomeDesc !== undefined && { problem: outcomeDesc }),
    agent: agent[0]?.who?.identifier?.value ?? '-',
    entities: entity.flatMap(({ what }) => (what?.identifier ? [entityOf(what.identifier)] : [])),
  };
}

const entityOf = ({ system = '', value }: { system?: string | undefined; value: string }): string =>
  `${system.replace('urn:medshare:', '')}|${value}`;
