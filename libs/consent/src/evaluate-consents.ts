import { maybeIn, surelyIn } from './period.js';
import { isKindOf } from './purposes.js';
import { readConsent, type Actor, type Provision, type ReadConsent } from './read-consent.js';
import { covers } from './sensitivity.js';

/** What is asked of a patient's consents. */
export interface ConsentQuestion {
  readonly requester: { readonly institution: string; readonly person: string; readonly roles: readonly string[] };
  readonly purpose: string;
  readonly class: string;
  /** ms */
  readonly at: number;
  /** Institutions that exist: a consent about another one is not understood. */
  readonly institutions: ReadonlySet<string>;
}

/** A consent's version in force, with what it is quoted by. */
export interface StatedConsent {
  readonly commitment: string;
  readonly resource: unknown;
}

export interface ConsentAnswer {
  readonly said: 'given' | 'refused' | 'unknown';
  /** `consent.permit`, `consent.deny`, `consent.not-understood:<FHIRPath>`; sorted, at most 10 */
  readonly rules: readonly string[];
  /** Commitments of the versions that were looked at, sorted. */
  readonly considered: readonly string[];
}

const reasons = 10;

/**
 * Between consents deny overrides, whatever their order; inside one the innermost matching provision decides. Only active consents count.
 * One that is not understood refuses, and says which element is to blame.
 */
export function evaluateConsents(consents: readonly StatedConsent[], question: ConsentQuestion): ConsentAnswer {
  const rules = new Set<string>();
  const considered: string[] = [];
  for (const { commitment, resource } of consents) {
    const consent = readConsent(resource);
    if (['draft', 'proposed', 'rejected', 'inactive', 'entered-in-error'].includes(consent.status)) continue;
    considered.push(commitment);
    for (const rule of judge(consent, question)) rules.add(rule);
  }
  const refused = [...rules].some((rule) => rule !== 'consent.permit');
  return {
    said: refused ? 'refused' : rules.has('consent.permit') ? 'given' : 'unknown',
    rules: [...rules].sort().slice(0, reasons),
    considered: considered.sort(),
  };
}

function judge({ provision, faults }: ReadConsent, question: ConsentQuestion): string[] {
  const strangers = provision ? unknownInstitutions(provision, 'Consent.provision', question.institutions) : [];
  const all = [...faults, ...strangers];
  if (all.length > 0 || !provision) return (all.length > 0 ? all : ['Consent.provision']).map(notUnderstood);
  const said = innermost(provision, question);
  return said === undefined ? [] : [`consent.${said}`];
}

const notUnderstood = (where: string): string => `consent.not-understood:${where}`.slice(0, 80);

/** The type of the deepest provision that matches; of two at the same place deny overrides. Undefined where the base rule does not match. */
function innermost(provision: Provision, question: ConsentQuestion): 'permit' | 'deny' | undefined {
  if (!matches(provision, question)) return undefined;
  const said = provision.exceptions.map((one) => innermost(one, question)).filter((one) => one !== undefined);
  if (said.length === 0) return provision.type;
  return said.includes('deny') ? 'deny' : 'permit';
}

function matches({ type, period, actors, purposes, labels }: Provision, question: ConsentQuestion): boolean {
  // where a zone is missing a permit is taken in its narrowest sense and a deny in its widest
  const inForce = !period || (type === 'permit' ? surelyIn : maybeIn)(period, question.at);
  return (
    inForce &&
    any(actors, (actor) => isActor(actor, question)) &&
    any(purposes, (stated) => isKindOf(question.purpose, stated)) &&
    any(labels, (covered) => covers(covered, question.class))
  );
}

/** No condition restricts nothing. */
const any = <T>(conditions: readonly T[], holds: (one: T) => boolean): boolean =>
  conditions.length === 0 || conditions.some(holds);

const isActor = ({ institution, role, person }: Actor, { requester }: ConsentQuestion): boolean =>
  (institution === undefined || institution === requester.institution) &&
  (role === undefined || requester.roles.includes(role)) &&
  (person === undefined || person === requester.person);

function unknownInstitutions(provision: Provision, where: string, known: ReadonlySet<string>): string[] {
  const here = provision.actors.flatMap(({ institution }, at) =>
    institution === undefined || known.has(institution) ? [] : [`${where}.actor[${at}].reference`],
  );
  return [
    ...here,
    ...provision.exceptions.flatMap((one, at) => unknownInstitutions(one, `${where}.provision[${at}]`, known)),
  ];
}
