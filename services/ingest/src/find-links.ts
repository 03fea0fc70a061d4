import type { LinkKind } from '@medshare/events';
import type { Message, Segment } from '@medshare/hl7';

/**
 * ADT events that speak of more than one patient or of more than one number of a patient (HL7 v2.5.1 chapter 3, sections 3.3.17 to
 * 3.3.51): what they join must not be overtaken on either side.
 */
const kinds: Readonly<Record<string, LinkKind>> = {
  ...of('merge', 'A18 A30 A34 A35 A36 A39 A40 A41 A42'),
  ...of('move', 'A43 A44 A45'),
  ...of('change', 'A46 A47 A48 A49 A50 A51'),
  ...of('link', 'A24'),
  ...of('unlink', 'A37'),
  ...of('swap', 'A17'),
};

function of(kind: LinkKind, triggers: string): Record<string, LinkKind> {
  return Object.fromEntries(triggers.split(' ').map((trigger) => [trigger, kind]));
}

/** Fields that name a patient: PID-3, and of the one that is merged away MRG-1 and, in older versions, MRG-4. */
const fields: readonly (readonly [segment: string, field: number])[] = [
  ['PID', 3],
  ['MRG', 1],
  ['MRG', 4],
];

export interface Link {
  readonly kind: LinkKind;
  /** every place where a patient is named */
  readonly places: readonly { readonly segment: Segment; readonly field: number }[];
}

/** @returns undefined for a message of one patient */
export function linkOf(message: Message): Link | undefined {
  const kind = message.type === 'ADT' && Object.hasOwn(kinds, message.trigger) ? kinds[message.trigger] : undefined;
  if (kind === undefined) return undefined;
  const places = fields.flatMap(([name, field]) => message.all(name).map((segment) => ({ segment, field })));
  return { kind, places };
}
