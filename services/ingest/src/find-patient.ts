import type { PatientIdentifier } from '@medshare/fhir';
import { universalId } from '@medshare/fhir/mapping/systems';
import type { Message } from '@medshare/hl7';

/** Identifiers of PID-3, with the systems that mapping will give them (CX.4: universal id, else what the feed agreed on). */
export function identifiersOfMessage(
  message: Message,
  systems: Readonly<Record<string, string>>,
): PatientIdentifier[] {
  const repetitions = message.first('PID')?.repetitions(3) ?? [];
  return repetitions.flatMap((each) => {
    const value = each.text(1)?.trim();
    if (!value) return [];
    const [namespace, id, type] = each.subcomponents(4).map((part) => part?.trim());
    const agreed = namespace !== undefined && Object.hasOwn(systems, namespace) ? systems[namespace] : undefined;
    return [{ system: (id ? universalId(id, type) : undefined) ?? agreed, value, type: each.text(5)?.trim() }];
  });
}

/** The same identifiers, those of the region's agreed systems first, in the region's order. */
export function agreedFirst(
  identifiers: readonly PatientIdentifier[],
  agreed: readonly string[],
): PatientIdentifier[] {
  const rank = ({ system }: PatientIdentifier) => {
    const at = system === undefined ? -1 : agreed.indexOf(system);
    return at < 0 ? agreed.length : at;
  };
  return [...identifiers].sort((a, b) => rank(a) - rank(b));
}
