import type { LabelPolicy } from './label-policy.js';
import type { Reference } from './label-entry.js';

/** One entry as the pulling sees it. */
export type Node = {
  readonly type: string;
  readonly names: readonly string[];
  readonly references: readonly Reference[];
  /** most restrictive category of its own labels */
  readonly own: string | undefined;
};
/** The category an entry ends with; `by` is set when it came along a reference. */
export type Pulled = { readonly category: string; readonly by?: 'pull.member' | 'pull.reference' | 'pull.order' };

type Edge = { readonly to: number; readonly by: NonNullable<Pulled['by']> };

/**
 * Lets labels travel along references (`policies/labels/references.yaml`): first down from resources that are sensitive by themselves to
 * their members, then up to whatever refers to a sensitive resource, and from results to their orders. A report that is sensitive only
 * because of one result does not make its other results sensitive.
 */
export function pullReferences(nodes: readonly Node[], policy: LabelPolicy): (Pulled | undefined)[] {
  const { members, others } = edgesOf(nodes, policy);
  const state = nodes.map(({ own }): Pulled | undefined => (own === undefined ? undefined : { category: own }));
  spread(state, members, policy);
  spread(state, others, policy);
  return state;
}

/** Ranks only ever fall, so the work list ends. */
function spread(state: (Pulled | undefined)[], edges: readonly (readonly Edge[])[], policy: LabelPolicy): void {
  const rank = (pulled: Pulled | undefined) =>
    pulled ? (policy.categories.get(pulled.category)?.rank ?? 0) : Number.POSITIVE_INFINITY;
  const work = state.flatMap((pulled, position) => (pulled ? [position] : []));
  for (let from = work.pop(); from !== undefined; from = work.pop())
    for (const { to, by } of edges[from] ?? []) {
      const source = state[from];
      if (!source || rank(state[to]) <= rank(source)) continue;
      state[to] = { category: source.category, by };
      work.push(to);
    }
}

function edgesOf(nodes: readonly Node[], policy: LabelPolicy): { members: Edge[][]; others: Edge[][] } {
  const { contextTypes, carrierTypes, down, order } = policy.references;
  const byName = indexNames(nodes);
  const members: Edge[][] = nodes.map(() => []);
  const others: Edge[][] = nodes.map(() => []);
  for (const edges of [members, others]) tieNamesakes(nodes, byName, edges);
  nodes.forEach(({ type, references }, from) => {
    for (const { target, elements } of references) {
      const to = resolve(target, byName);
      if (to === undefined || to === from || contextTypes.has(nodes[to]?.type ?? '')) continue;
      if (elements.some((name) => down.has(name))) members[from]?.push({ to, by: 'pull.member' });
      if (elements.some((name) => order.has(name))) others[from]?.push({ to, by: 'pull.order' });
      if (!carrierTypes.has(type)) others[to]?.push({ to: from, by: 'pull.reference' });
    }
  });
  return { members, others };
}

/** The first entry of each name. */
function indexNames(nodes: readonly Node[]): Map<string, number> {
  const index = new Map<string, number>();
  nodes.forEach(({ names }, position) => {
    for (const name of names) if (!index.has(name)) index.set(name, position);
  });
  return index;
}

/** Entries of one name are states of one resource: they share their class, tied to the first so that the edges stay few. */
function tieNamesakes(nodes: readonly Node[], byName: Map<string, number>, edges: readonly Edge[][]): void {
  nodes.forEach(({ names }, position) => {
    for (const first of names.map((name) => byName.get(name))) {
      if (first === undefined || first === position) continue;
      edges[first]?.push({ to: position, by: 'pull.reference' });
      edges[position]?.push({ to: first, by: 'pull.reference' });
    }
  });
}

/** As written, else by `Type/id` at its end, versions cut off. */
function resolve(target: string, byName: Map<string, number>): number | undefined {
  const anchor = target.indexOf('#', 1);
  const plain = (anchor < 0 ? target : target.slice(0, anchor)).replace(/\/_history\/[^/]+$/, '');
  return byName.get(plain) ?? byName.get(plain.split('/').slice(-2).join('/'));
}
