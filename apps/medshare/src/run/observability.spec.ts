import { readFileSync } from 'node:fs';
import { roleNames } from '@medshare/role';
import { createMetricsRegistry, type LabelValues } from '@medshare/telemetry';
import { systemClock } from '@medshare/clock';
import { parse } from 'yaml';
import { countFindings, countParked } from './count-faults.js';
import { hollowContext, hollowInstitution } from './hollow-institution.fixture.js';
import { watchBus, watchRole } from './start-watches.js';
import { tellExpiry } from './tell-expiry.js';

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

/** What an institution with all roles can show, as its code declares it. */
function exposed(): Known {
  const registry = createMetricsRegistry();
  hollowInstitution(registry);
  for (const role of roleNames) watchRole(hollowContext(registry, role), systemClock);
  watchBus({ bus: { lag: () => Promise.resolve([]) }, metrics: registry.forRole('bus'), logger: undefined as never });
  countParked(registry.forRole('vault'));
  countFindings(registry.forRole('ledger'));
  tellExpiry(registry.forRole('institution'), { institution: 'harbor', cert: '', authorities: new Map() });
  return registry.series();
}

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook_url: string };
}
const rules = () =>
  (parse(read('deploy/observability/alert-rules.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  );
interface Dashboard {
  templating: { list: { name: string; type: string; definition?: string }[] };
  panels: { type: string; title: string; datasource?: { uid: string }; targets?: { expr: string }[] }[];
}
const dashboard = () => JSON.parse(read('deploy/observability/grafana-dashboard.json')) as Dashboard;

const queries = () => [
  ...rules().map(({ expr }) => expr),
  ...dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard().templating.list.flatMap(({ definition = [] }) => definition),
];

/** What Prometheus itself gives every series, and the one that it makes. */
const ofPrometheus = { series: 'up', labels: ['instance', 'job'] };
/** Where a name is none of a series: keywords, and what is grouped by. */
const noSeries = /\b(and|or|unless|bool)\b|\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;

type Known = ReadonlyMap<string, LabelValues>;

/** Labels of a series; undefined when nothing exposes it. */
function labelsOf(name: string, known: Known): LabelValues | undefined {
  const declared = name === ofPrometheus.series ? {} : known.get(name);
  const given = [...ofPrometheus.labels, 'role', ...(name.endsWith('_bucket') ? ['le'] : [])];
  return declared && { ...Object.fromEntries(given.map((label) => [label, []])), ...declared };
}

/** Matchers `label="value"` that no series of the name satisfies; a label without a list may have any value. */
function unknownMatchers(name: string, labels: LabelValues, matchers: string): string[] {
  return [...matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].flatMap(([, label = '', operator, value = '']) => {
    const values = labels[label];
    if (!values) return [`${name}{${label}}`];
    const may = values.length === 0 || operator?.includes('~') || values.includes(value);
    return may ? [] : [`${name}{${label}="${value}"}`];
  });
}

/** Names and labels of a query that nothing exposes. */
function unknownIn(query: string, known: Known): string[] {
  const found: string[] = [];
  const seen = new Set(ofPrometheus.labels);
  const bare = query.replace(/label_values\((\w+), \w+\)/, '$1').replace(/\[[^\]]*\]/g, ' ');
  const selectors = bare.replace(noSeries, ' ').matchAll(/\b([a-zA-Z_]\w*)\b(?!\s*\()(?:\{([^}]*)\})?/g);
  for (const [, name = '', matchers = ''] of selectors) {
    const labels = labelsOf(name, known);
    Object.keys(labels ?? {}).forEach((label) => seen.add(label));
    found.push(...(labels ? unknownMatchers(name, labels, matchers) : [name]));
  }
  for (const [, grouped = ''] of bare.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g))
    found.push(...grouped.split(/,\s*/).filter((label) => !seen.has(label)));
  return found;
}

describe('dashboard and alerts', () => {
  it('ask for nothing that no role exposes: every series, label and value of a label is declared in the code', () => {
    const known = exposed();
    expect(queries().length).toBeGreaterThan(50);
    expect(queries().flatMap((query) => unknownIn(query, known))).toEqual([]);
  });

  it.each([
    ['medshare_planted_total > 0', ['medshare_planted_total']],
    ['sum by (role) (rate(planted[5m])) / medshare_outbox_backlog', ['planted']],
    ['medshare_outbox_backlog{planted="x"}', ['medshare_outbox_backlog{planted}']],
    ['medshare_inbox_parked_events{state="dead"}', ['medshare_inbox_parked_events{state="dead"}']],
    ['sum by (feed) (medshare_outbox_backlog)', ['feed']],
    ['label_values(medshare_gone, instance)', ['medshare_gone']],
  ])('would be found asking for %s', (query, unknown) => {
    expect(unknownIn(query, exposed())).toEqual(unknown);
  });

  it('have a severity, a summary and a section of docs/observe.md for each alert', () => {
    const sections = new Set([...read('docs/observe.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name!));
    const alerts = rules().map(({ alert }) => alert);
    expect(new Set(alerts)).toEqual(sections);
    expect(alerts).toHaveLength(sections.size);
    for (const { alert, labels, annotations } of rules()) {
      expect(['info', 'warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary.length).toBeGreaterThan(20);
      expect(annotations.runbook_url).toBe(`docs/observe.md#${alert.toLowerCase()}`);
    }
  });

  it('have a case in which it fires for each alert', () => {
    const { tests } = parse(read('deploy/observability/alert-rules.test.yaml')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const fired = tests
      .flatMap((one) => one.alert_rule_test)
      .filter(({ exp_alerts }) => exp_alerts.length > 0)
      .map(({ alertname }) => alertname);
    expect(new Set(fired)).toEqual(new Set(rules().map(({ alert }) => alert)));
  });

  it('take their data source from a variable', () => {
    const { templating, panels } = dashboard();
    expect(templating.list).toContainEqual(expect.objectContaining({ name: 'datasource', type: 'datasource' }));
    for (const { datasource } of panels.filter(({ type }) => type !== 'row'))
      expect(datasource?.uid).toBe('${datasource}');
  });
});
