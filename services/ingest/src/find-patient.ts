import { patientIdentifiers, subjectOf, type PatientIdentifier } from '@medshare/fhir';
import { universalId } from '@medshare/fhir/mapping/systems';
import type { Message, Segment } from '@medshare/hl7';
import { problem } from '@medshare/problems';
import type { GivenIdentifier } from './keyed-hashes.js';

/** Identifiers of PID-3, with the systems that mapping will give them (CX.4: universal id, else what the feed agreed on). */
export function identifiersOfMessage(
  message: Message,
  systems: Readonly<Record<string, string>>,
): (PatientIdentifier & GivenIdentifier)[] {
  const segment = message.first('PID');
  return segment ? identifiersOfField(segment, 3, systems) : [];
}

/** Identifiers of a field of CX. */
export function identifiersOfField(
  segment: Segment,
  field: number,
  systems: Readonly<Record<string, string>>,
): (PatientIdentifier & GivenIdentifier)[] {
  return segment.repetitions(field).flatMap((each) => {
    const value = each.text(1)?.trim();
    if (!value) return [];
    const [namespace, id, type] = each.subcomponents(4).map((part) => part?.trim());
    const agreed = namespace !== undefined && Object.hasOwn(systems, namespace) ? systems[namespace] : undefined;
    const system = (id ? universalId(id, type) : undefined) ?? agreed;
    return [{ system, value, type: each.text(5)?.trim(), ...(namespace && { assigner: namespace }) }];
  });
}

/** The same identifiers, those of the region's agreed systems first, in the region's order. */
export function agreedFirst<T extends PatientIdentifier>(identifiers: readonly T[], agreed: readonly string[]): T[] {
  const rank = ({ system }: T) => {
    const at = system === undefined ? -1 : agreed.indexOf(system);
    return at < 0 ? agreed.length : at;
  };
  return [...identifiers].sort((a, b) => rank(a) - rank(b));
}

/**
 * Identifiers of a Bundle's one patient.
 * @throws Problem patient.ambiguous also where resources refer to two patients by number and no Patient is there
 */
export function identifiersOfBundle(bundle: Readonly<Record<string, unknown>>): PatientIdentifier[] {
  const found = patientIdentifiers(bundle);
  const bySystem = new Map(found.map(({ system, value }) => [system, value]));
  const several = found.some(({ system, value }) => bySystem.get(system) !== value);
  if (several && subjectOf(bundle) === undefined)
    throw problem('patient.ambiguous', { where: 'Bundle.entry', detail: 'several patients in one record' });
  return found;
}
