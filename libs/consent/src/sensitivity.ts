/** HL7 v3 ActCode sensitivities, and the classes into which records are cut by them (policies/labels/levels.yaml). */
const classOf: Readonly<Record<string, string>> = {
  PSYTHPN: 'sensitive:psychiatry',
  PSY: 'sensitive:psychiatry',
  BH: 'sensitive:psychiatry',
  COGN: 'sensitive:psychiatry',
  HIV: 'sensitive:hiv',
  SDV: 'sensitive:violence',
  OPIOIDUD: 'sensitive:sud',
  SUD: 'sensitive:sud',
  ETH: 'sensitive:sud',
  STD: 'sensitive:std',
  SEX: 'sensitive:reproductive',
  GDIS: 'sensitive:genetics',
};

const sensitivities = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const confidentialities = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** What a securityLabel covers: one class, or `sensitive:*` for all that are restricted. */
export type Covered = string;

/** @returns undefined for a label that means nothing to this release */
export function coveredBy(system: unknown, code: unknown): Covered | undefined {
  if (system === sensitivities && typeof code === 'string' && Object.hasOwn(classOf, code)) return classOf[code];
  if (system !== confidentialities) return undefined;
  if (code === 'N') return 'ordinary';
  return code === 'R' || code === 'V' ? 'sensitive:*' : undefined;
}

export const covers = (covered: Covered, dataClass: string): boolean =>
  covered === dataClass || (covered === 'sensitive:*' && dataClass.startsWith('sensitive:'));
