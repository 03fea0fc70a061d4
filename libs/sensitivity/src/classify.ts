import type { Classification, Confidentiality, Issue, Label, Level, SectionClass } from './classification.js';
import { cutSections } from './cut-sections.js';
import { labelEntry } from './label-entry.js';
import type { LabelPolicy } from './label-policy.js';
import { pullReferences, type Node, type Pulled } from './pull-references.js';
import { sliceBundle } from './slice-bundle.js';

/** Labels kept of one record; classes, level and sections come from all. */
export const maxLabels = 2000;

/**
 * Labels a FHIR R4 Bundle and cuts it into sections. Fail closed: what cannot be looked into is restricted, a label on the Bundle's own
 * `meta` holds for every entry, and what refers to something sensitive is as sensitive.
 * @param bundleBytes the exact bytes that are to be sealed (UTF-8 JSON)
 * @throws Problem `fhir.json`, `fhir.invalid`
 */
export function classify(bundleBytes: Uint8Array, policy: LabelPolicy): Classification {
  const { value, entries } = sliceBundle(bundleBytes);
  const whole = labelEntry(value['meta'], 'Bundle.meta', policy);
  const marked = entries.map((entry, position) => labelEntry(entry.value, `Bundle.entry[${position}]`, policy));
  const nodes = entries.map((entry, position) =>
    nodeOf(
      entry.value,
      [...whole.labels, ...(marked[position]?.labels ?? [])],
      marked[position]?.references ?? [],
      policy,
    ),
  );
  const pulled = pullReferences(nodes, policy);
  const labels = [...whole.labels, ...marked.flatMap((entry) => entry.labels), ...labelsOf(pulled, policy)];
  const confidentiality = highest(labels);
  const classes = pulled.map(
    (entry): SectionClass => policy.categories.get(entry?.category ?? '')?.class ?? 'ordinary',
  );
  return {
    policyVersion: policy.version,
    level: levelOf(confidentiality, nodes, policy),
    confidentiality,
    labels: labels.slice(0, maxLabels),
    sections: cutSections(entries, classes, orderOf(policy)),
    issues: [...marked.flatMap((entry) => entry.issues), ...contextIssues(nodes, policy), ...capped(labels)],
  };
}

function nodeOf(value: unknown, labels: readonly Label[], references: Node['references'], policy: LabelPolicy): Node {
  const entry = fields(value);
  const resource = fields(entry['resource']);
  const type = text(resource['resourceType']);
  const names = [text(entry['fullUrl']), type && resource['id'] ? `${type}/${text(resource['id'])}` : ''];
  return { type, names: names.filter(Boolean), references, own: mostRestrictive(labels, policy) };
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function mostRestrictive(labels: readonly Label[], policy: LabelPolicy): string | undefined {
  const known = labels.flatMap(({ category }) => policy.categories.get(category) ?? []);
  return known.sort((a, b) => a.rank - b.rank)[0]?.code;
}

function labelsOf(pulled: readonly (Pulled | undefined)[], policy: LabelPolicy): Label[] {
  return pulled.flatMap((entry, position) => {
    const category = policy.categories.get(entry?.category ?? '');
    if (!entry?.by || !category) return [];
    const { code, confidentiality } = category;
    return [
      {
        path: `Bundle.entry[${position}]`,
        confidentiality,
        category: code,
        basis: { rule: entry.by, kind: 'reference' },
      },
    ];
  });
}

const highest = (labels: readonly Label[]): Confidentiality =>
  labels.reduce<Confidentiality>((top, { confidentiality }) => (confidentiality > top ? confidentiality : top), 'N');

function levelOf(confidentiality: Confidentiality, nodes: readonly Node[], policy: LabelPolicy): Level {
  if (confidentiality !== 'N') return policy.levels[confidentiality];
  const personal = nodes.filter(({ type }) => !policy.impersonalTypes.has(type));
  if (personal.length === 0) return policy.levels.impersonal;
  return personal.every(({ type }) => policy.administrativeTypes.has(type))
    ? policy.levels.administrative
    : policy.levels.N;
}

const orderOf = (policy: LabelPolicy): SectionClass[] => [
  'ordinary',
  ...new Set([...policy.categories.values()].map((category) => category.class)),
];

/** The patient's own resource in a sensitive section: its texts or codes say too much; a sender should be told. */
function contextIssues(nodes: readonly Node[], policy: LabelPolicy): Issue[] {
  return nodes.flatMap(({ type, own }, position) =>
    own !== undefined && policy.references.contextTypes.has(type)
      ? [{ code: 'context-is-sensitive', path: `Bundle.entry[${position}]` } as const]
      : [],
  );
}

const capped = (labels: readonly Label[]): Issue[] =>
  labels.length > maxLabels ? [{ code: 'labels-capped', path: 'Bundle' }] : [];
