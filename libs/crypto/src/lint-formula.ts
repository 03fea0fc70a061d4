import { leavesOf, satisfies, type Formula } from './formula.js';

/** What is wrong with a formula (`error`: it must not be dealt) or worth knowing (`warning`). */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly rule:
    'leaf-twice' | 'leaf-under-or' | 'branch-alone' | 'fills-alone' | 'unknown-institution' | 'unfillable' | 'blocks';
  /** The institution or leaf that the finding is about. */
  readonly about: string;
  /** Where, e.g. `/of/1`; `/` is the whole formula. */
  readonly position: string;
}

interface Place {
  readonly part: Formula;
  readonly position: string;
}

const institutionOf = (leaf: string): string => leaf.slice(leaf.indexOf('@') + 1);

/**
 * Names every single institution that can open alone (as a whole, or by one branch under a root OR) or block, leaves whose
 * share would be the whole secret, leaves that stand twice, and leaves at institutions that do not exist.
 * @param institutions the region's members
 */
export function lintFormula(formula: Formula, institutions: readonly string[]): Finding[] {
  const places = allLeaves({ part: formula, position: '' });
  const branches = rootBranches({ part: formula, position: '' });
  const filledBy = (part: Formula, holds: (institution: string) => boolean) =>
    satisfies(part, new Set(leavesOf(part).filter((leaf) => holds(institutionOf(leaf)))));
  const fillers = institutions.filter((one) => filledBy(formula, (holder) => holder === one));
  const blockers = institutions.filter((one) => !filledBy(formula, (holder) => holder !== one));
  const fillable = filledBy(formula, (holder) => institutions.includes(holder));
  const alone = branches.flatMap((branch) =>
    institutions
      .filter((one) => filledBy(branch.part, (holder) => holder === one))
      .map((one) => finding('error', 'branch-alone', one, branch.position)),
  );
  return [
    ...leavesTwice(places),
    ...branches.flatMap(({ part, position }) =>
      'leaf' in part ? [finding('error', 'leaf-under-or', part.leaf, position)] : [],
    ),
    ...(branches.length > 1 ? alone : []),
    ...fillers.map((one) => finding('error', 'fills-alone', one, '')),
    ...places.flatMap(({ leaf, position }) =>
      institutions.includes(institutionOf(leaf)) ? [] : [finding('warning', 'unknown-institution', leaf, position)],
    ),
    ...(fillable ? [] : [finding('error', 'unfillable', 'members', '')]),
    ...(fillable ? blockers.map((one) => finding('warning', 'blocks', one, '')) : []),
  ];
}

const finding = (severity: Finding['severity'], rule: Finding['rule'], about: string, position: string): Finding => ({
  severity,
  rule,
  about,
  position: position || '/',
});

const partsOf = ({ part, position }: Place): Place[] =>
  'leaf' in part ? [] : part.of.map((child, i) => ({ part: child, position: `${position}/of/${i}` }));

function allLeaves(place: Place): { leaf: string; position: string }[] {
  if ('leaf' in place.part) return [{ leaf: place.part.leaf, position: place.position }];
  return partsOf(place).flatMap(allLeaves);
}

/** Down from the root through gates of one: each of these holds the root secret itself. */
function rootBranches(place: Place): Place[] {
  if ('leaf' in place.part || place.part.k > 1) return [place];
  return partsOf(place).flatMap(rootBranches);
}

function leavesTwice(places: readonly { leaf: string; position: string }[]): Finding[] {
  const first = new Set<string>();
  return places.flatMap(({ leaf, position }) => {
    if (first.has(leaf)) return [finding('error', 'leaf-twice', leaf, position)];
    first.add(leaf);
    return [];
  });
}
