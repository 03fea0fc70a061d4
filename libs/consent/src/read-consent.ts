import { isPurpose, purposeSystem } from './purposes.js';
import { readPeriod, type Boundaries } from './period.js';
import { coveredBy, type Covered } from './sensitivity.js';

/** Whom a provision is about: an institution, a role (anywhere or at one), or a person of one by pseudonym. */
export interface Actor {
  readonly institution?: string;
  readonly role?: string;
  readonly person?: string;
}

/** One rule. An empty list restricts nothing. */
export interface Provision {
  readonly type: 'permit' | 'deny';
  readonly period?: Boundaries;
  readonly actors: readonly Actor[];
  readonly purposes: readonly string[];
  readonly labels: readonly Covered[];
  readonly exceptions: readonly Provision[];
}

/** What a Consent says as far as this release understands it; with `faults` it is understood in part only, and permits nothing. */
export interface ReadConsent {
  readonly status: string;
  readonly provision?: Provision;
  /** FHIRPaths of what is not understood. */
  readonly faults: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deepest nesting and most provisions of one consent. */
const limits = { depth: 5, provisions: 200, faults: 20 };

/** Elements that change nothing of what the consent permits or denies. */
const told =
  'resourceType id meta language text contained extension identifier category patient dateTime performer organization sourceAttachment sourceReference policy policyRule'.split(
    ' ',
  );

/**
 * Reads a FHIR R4 Consent in its basic form (IHE PCF 1.1, "Explicit Basic", with nested provisions as exceptions): root provision as base rule, nested ones as exceptions; actor,
 * purpose, period and simple security labels as conditions. Whatever else could change its meaning is a fault: elements, codes or references that this release
 * does not know, modifier extensions, implicit rules.
 */
export function readConsent(resource: unknown): ReadConsent {
  if (!isFields(resource) || resource['resourceType'] !== 'Consent') return { status: 'unknown', faults: ['Consent'] };
  const reader = new Reader();
  const { status, scope, verification, provision } = resource;
  reader.known(resource, 'Consent', [...told, 'status', 'scope', 'verification', 'provision']);
  if (!statuses.includes(String(status))) reader.fault('Consent.status');
  if (!hasCoding(scope, 'http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'))
    reader.fault('Consent.scope');
  for (const [at, one] of listOf(verification).entries())
    if (!isFields(one) || one['verified'] !== true || 'modifierExtension' in one)
      reader.fault(`Consent.verification[${at}]`);
  const policies = listOf(resource['policy']);
  for (const [at, one] of policies.entries())
    if (!isFields(one) || 'modifierExtension' in one) reader.fault(`Consent.policy[${at}]`);
  const root = provision === undefined ? undefined : reader.provision(provision, 'Consent.provision', 1);
  if (!root) reader.fault('Consent.provision');
  return { status: String(status), ...(root ? { provision: root } : {}), faults: reader.faults };
}

const statuses = ['draft', 'proposed', 'active', 'rejected', 'inactive', 'entered-in-error'];
const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const hasCoding = (concept: unknown, system: string, ...codes: string[]): boolean =>
  isFields(concept) &&
  listOf(concept['coding']).length > 0 &&
  listOf(concept['coding']).every(
    (one) => isFields(one) && one['system'] === system && codes.includes(String(one['code'])),
  );

class Reader {
  readonly faults: string[] = [];
  private provisions = 0;

  fault(where: string): void {
    if (this.faults.length < limits.faults && !this.faults.includes(where)) this.faults.push(where);
  }

  known(value: Fields, where: string, names: readonly string[]): void {
    for (const name of Object.keys(value)) {
      // `_status` and the like: an extension of a primitive
      const plain = name.replace(/^_/, '');
      if (!names.includes(plain)) this.fault(/^[a-z][A-Za-z]{0,40}$/.test(name) ? `${where}.${name}` : where);
    }
  }

  provision(value: unknown, where: string, depth: number): Provision | undefined {
    this.provisions += 1;
    if (!isFields(value) || depth > limits.depth || this.provisions > limits.provisions) return void this.fault(where);
    this.known(value, where, 'id extension type period actor action securityLabel purpose provision'.split(' '));
    const { type, period } = value;
    if (type !== 'permit' && type !== 'deny') this.fault(`${where}.type`);
    const bounds = period === undefined ? undefined : readPeriod(period);
    if (period !== undefined && !bounds) this.fault(`${where}.period`);
    const each = <T>(name: string, read: (one: unknown, at: string) => T | undefined): T[] =>
      listOf(value[name]).flatMap((one, at) => read(one, `${where}.${name}[${at}]`) ?? []);
    const reading: Provision = {
      type: type === 'permit' ? 'permit' : 'deny',
      ...(bounds ? { period: bounds } : {}),
      actors: each('actor', (one, at) => this.actor(one, at)),
      purposes: each('purpose', (one, at) => this.purpose(one, at)),
      labels: each('securityLabel', (one, at) => this.label(one, at)),
      exceptions: each('provision', (one, at) => this.provision(one, at, depth + 1)),
    };
    each('action', (one, at) => this.action(one, at));
    return reading;
  }

  private purpose(one: unknown, where: string): string | undefined {
    const code = isFields(one) && one['system'] === purposeSystem ? String(one['code']) : '';
    return isPurpose(code) ? code : void this.fault(where);
  }

  private label(one: unknown, where: string): Covered | undefined {
    const covered = isFields(one) ? coveredBy(one['system'], one['code']) : undefined;
    return covered ?? void this.fault(where);
  }

  /** Reading and sharing are what medshare does; a rule about collecting or correcting alone is not its to enforce. */
  private action(one: unknown, where: string): void {
    if (!hasCoding(one, 'http://terminology.hl7.org/CodeSystem/consentaction', 'access', 'use', 'disclose'))
      this.fault(where);
  }

  private actor(value: unknown, where: string): Actor | undefined {
    if (!isFields(value)) return void this.fault(where);
    this.known(value, where, ['id', 'extension', 'role', 'reference']);
    const receives = hasCoding(
      value['role'],
      'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
      'IRCP',
      'PRCP',
    );
    if (!receives) this.fault(`${where}.role`);
    const actor = actorOf(value['reference']);
    return actor ?? void this.fault(`${where}.reference`);
  }
}

const name = '[a-z][a-z0-9-]{1,39}';

/** `Organization/<institution>`, or an identifier of one of medshare's systems for institutions, roles and persons. */
function actorOf(reference: unknown): Actor | undefined {
  if (!isFields(reference)) return undefined;
  const { reference: literal, identifier } = reference;
  if (typeof literal === 'string') {
    const [, institution] = new RegExp(`^Organization/(${name})$`).exec(literal) ?? [];
    return institution === undefined ? undefined : { institution };
  }
  return isFields(identifier) ? namedActor(identifier) : undefined;
}

function namedActor({ system, value }: Fields): Actor | undefined {
  const [, who = '', institution] = new RegExp(`^([A-Za-z0-9_-]{1,64})(?:@(${name}))?$`).exec(String(value)) ?? [];
  const plain = new RegExp(`^${name}$`).test(who);
  if (system === 'urn:medshare:institution')
    return plain && institution === undefined ? { institution: who } : undefined;
  if (system === 'urn:medshare:role') return plain ? { role: who, ...(institution ? { institution } : {}) } : undefined;
  const person = system === 'urn:medshare:person' && who !== '' && institution !== undefined;
  return person ? { person: who, institution } : undefined;
}
