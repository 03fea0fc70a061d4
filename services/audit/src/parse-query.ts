import { auditAction } from '@medshare/events';
import { problem } from '@medshare/problems';

/** Entries of one page. */
const page = { default: 50, most: 500 };
/** Conditions of one search at most. */
const mostConditions = 10;

/** What a search asks for, as conditions over `entry e` with numbered values. */
export interface SearchQuery {
  text: string[];
  values: unknown[];
  count: number;
  cursor: string;
}

const outcomes = new Map([
  ['0', 'success'],
  ['4', 'refused'],
  ['8', 'failed'],
]);

/** @throws Problem request.malformed for another parameter, or a value that cannot be searched for: nothing is guessed */
export function parseQuery(query: Record<string, unknown>): SearchQuery {
  const parsed: SearchQuery = { text: [], values: [], count: page.default, cursor: String(Number.MAX_SAFE_INTEGER) };
  for (const [name, given] of Object.entries(query)) {
    for (const value of Array.isArray(given) ? (given as unknown[]) : [given]) {
      const text = typeof value === 'string' ? value : '';
      if (name === '_count') parsed.count = numberIn(text, 1, page.most, name);
      else if (name === 'cursor') parsed.cursor = String(numberIn(text, 0, Number.MAX_SAFE_INTEGER, name));
      else addCondition(parsed, name, text);
    }
  }
  if (parsed.text.length > mostConditions) throw malformed('query', `at most ${mostConditions} conditions`);
  return parsed;
}

/** Search parameters of AuditEvent in FHIR R4 that are not served here. */
const foreign = new Set(
  '_id _lastUpdated _sort _include _revinclude _summary _elements address agent agent-name agent-role altid patient policy site source type entity-name entity-role'.split(
    ' ',
  ),
);

function addCondition(query: SearchQuery, name: string, value: string): void {
  const add = (sql: (n: number) => string, ...values: unknown[]) => {
    query.text.push(sql(query.values.length + 1));
    query.values.push(...values);
  };
  if (name === 'date') {
    const { sql, times } = dateCondition(value);
    return add(sql, ...times);
  }
  if (name === 'action' || name === 'subtype') {
    if (!auditAction.safeParse(value).success) throw malformed(`query.${name}`);
    return add((n) => `e.action = $${n}`, value);
  }
  if (name === 'outcome') {
    const outcome = outcomes.get(value);
    if (!outcome) throw malformed('query.outcome', [...outcomes.keys()].join(', '));
    return add((n) => `e.outcome = $${n}`, outcome);
  }
  if (name === 'entity') {
    const at = value.indexOf('|');
    if (at < 1 || value.includes('\0')) throw malformed('query.entity', '<kind>|<id>');
    return add(
      (n) => `e.index IN (SELECT entry_index FROM entity WHERE kind = $${n} AND id = $${n + 1})`,
      value.slice(0, at),
      value.slice(at + 1),
    );
  }
  // a name that FHIR does not know is the asker's own text, and is not repeated
  throw malformed(foreign.has(name) ? `query.${name}` : 'query', 'not a search parameter here');
}

/** FHIR R4 search, 3.1.1.4.7: a value stands for the whole interval of its precision; no prefix means equal. */
function dateCondition(value: string): { sql: (n: number) => string; times: Date[] } {
  const {
    prefix = 'eq',
    date = '',
    time,
  } = /^(?<prefix>eq|ge|gt|le|lt)?(?<date>\d{4}(-\d\d(-\d\d)?)?)(?<time>T.+)?$/.exec(value)?.groups ?? {};
  const [start, end] = intervalOf(date, time);
  if (prefix === 'ge') return { sql: (n) => `e.time >= $${n}`, times: [start] };
  if (prefix === 'gt') return { sql: (n) => `e.time >= $${n}`, times: [end] };
  if (prefix === 'le') return { sql: (n) => `e.time < $${n}`, times: [end] };
  if (prefix === 'lt') return { sql: (n) => `e.time < $${n}`, times: [start] };
  return { sql: (n) => `(e.time >= $${n} AND e.time < $${n + 1})`, times: [start, end] };
}

function intervalOf(date: string, time: string | undefined): [Date, Date] {
  const clock = /^T\d\d:\d\d(?<s>:\d\d(?<ms>\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.exec(time ?? '');
  const start = new Date(`${date}${time ?? ''}`);
  const wrong = Number.isNaN(start.getTime()) || (time !== undefined && (!clock || date.length < 10));
  if (wrong) throw malformed('query.date', 'a date, or an instant with its zone');
  if (clock)
    return [start, new Date(start.getTime() + (clock.groups?.['ms'] ? 1 : clock.groups?.['s'] ? 1000 : 60_000))];
  const end = new Date(start);
  if (date.length === 4) end.setUTCFullYear(end.getUTCFullYear() + 1);
  else if (date.length === 7) end.setUTCMonth(end.getUTCMonth() + 1);
  else end.setUTCDate(end.getUTCDate() + 1);
  return [start, end];
}

function numberIn(text: string, least: number, most: number, name: string): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || value < least || value > most)
    throw malformed(`query.${name}`, `${least} to ${most}`);
  return value;
}

const malformed = (where: string, detail?: string) => problem('request.malformed', { where, detail });
