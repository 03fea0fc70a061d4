import { view as viewShape, type Region, type RequestState, type View } from '@medshare/events/chain';
import { problem } from '@medshare/problems';
import { canonicalText } from './chain-signing.js';
import { verifyView } from './view.js';

export interface ViewRules {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The nonce that the views must answer; without it the lease alone bounds their age. */
  readonly nonce?: string;
  /** `request:<id>` that the views must be about. */
  readonly subject?: string;
  /** Defaults: the region's. */
  readonly leaseMs?: number;
  readonly quorum?: number;
}

/** The state that enough members signed. `height` is the greatest among them. */
export interface AgreedView {
  readonly state: RequestState;
  readonly height: number;
  readonly institutions: readonly string[];
}

/**
 * Judges views that others brought: each must verify, be of this region, subject and nonce, and be younger than the lease; a quorum of
 * members must have signed one state. A verified view of a higher block with another state makes the quorum's reading stale: a revocation
 * that one member has seen is not outvoted by members that lag.
 *
 * @throws `view.invalid` or `view.stale`, `where` naming the institutions (empty when too few were brought)
 */
export function checkViews(region: Region, views: readonly View[], rules: ViewRules): AgreedView {
  const checked = views.map((view) => checkOne(region, view, rules, views[0]));
  const ids = checked.map(({ institution }) => institution);
  const doubled = ids.find((id, i) => ids.indexOf(id) !== i);
  if (doubled !== undefined) throw invalid(doubled, 'two views of one member');
  const group = largestGroup(checked);
  const quorum = rules.quorum ?? region.viewQuorum;
  if (group.length < quorum) {
    throw tooFew(checked, group, quorum);
  }
  const height = Math.max(...group.map((view) => view.height));
  const ahead = checked.some((view) => !group.includes(view) && view.height > height);
  if (ahead)
    throw stale(
      group.map(({ institution }) => institution).join(','),
      'a member has seen a later block with another state',
    );
  checkForks(checked);
  return { state: group[0]!.state, height, institutions: group.map(({ institution }) => institution) };
}

function checkOne(region: Region, given: View, rules: ViewRules, first: View | undefined): View {
  const parsed = viewShape.safeParse(given);
  const name = typeof given?.institution === 'string' ? given.institution.slice(0, 32) : '';
  if (!parsed.success) throw invalid(name, 'the view does not have the right shape');
  const view = parsed.data;
  if (!verifyView(region, view)) throw invalid(name, 'the signature does not verify');
  if (view.subject !== (rules.subject ?? first?.subject)) throw invalid(name, 'the view is about something else');
  if (view.state.request !== null && view.subject !== `request:${view.state.request.id}`) {
    throw invalid(name, 'the view shows another request than it names');
  }
  if (rules.nonce !== undefined && view.nonce !== rules.nonce) throw invalid(name, 'the view answers another nonce');
  if (view.time > rules.now + region.clockSkewMs) throw invalid(name, 'the view is from the future');
  if (rules.now - view.time > (rules.leaseMs ?? region.leaseMs)) throw stale(name, 'the view is older than the lease');
  return view;
}

/** Only members that read at one height can contradict each other; who stands at another height lags or is ahead, and is asked again. */
function tooFew(checked: readonly View[], group: readonly View[], quorum: number) {
  const others = checked.filter((view) => !group.includes(view));
  const names = (views: readonly View[]) => views.map(({ institution }) => institution).join(',');
  const detail = `${group.length} of ${quorum} members agree`;
  const contradict = others.filter(({ height }) => checked.some((one) => group.includes(one) && one.height === height));
  if (contradict.length > 0 || others.length === 0) return invalid(names(contradict), detail);
  const top = Math.max(...checked.map(({ height }) => height));
  return stale(names(checked.filter(({ height }) => height < top)), `${detail}: members stand at different heights`);
}

function largestGroup(views: readonly View[]): readonly View[] {
  const groups = new Map<string, View[]>();
  for (const view of views) {
    const key = canonicalText({ kind: view.kind, state: view.state });
    groups.set(key, [...(groups.get(key) ?? []), view]);
  }
  return [...groups.values()].reduce<View[]>((best, group) => (group.length > best.length ? group : best), []);
}

/** Two members at one height must show one block; a fork means that somebody ordered two. */
function checkForks(views: readonly View[]): void {
  const hashes = new Map<number, View>();
  for (const view of views) {
    const other = hashes.get(view.height);
    if (other !== undefined && other.blockHash !== view.blockHash) {
      throw invalid(`${other.institution},${view.institution}`, 'two blocks have one number');
    }
    hashes.set(view.height, view);
  }
}

const invalid = (where: string, detail: string) => problem('view.invalid', { where, detail });
const stale = (where: string, detail: string) => problem('view.stale', { where, detail });
