import { InvalidArgumentError, Option } from 'commander';

/** A whole number from 1 (or `min`) to `max`. */
export const positiveInt =
  (max: number, min = 1) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
    return value;
  };

/** `system|value`, FHIR's token form; both parts are needed. */
export function identifier(text: string): { system: string; value: string } {
  const at = text.indexOf('|');
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError(
      "Write 'system|value', e.g. 'urn:medshare:east:citizen|E-1985-0317-442' (in quotes).",
    );
  return { system: text.slice(0, at), value: text.slice(at + 1) };
}

/** A code of HL7 v3 PurposeOfUse, in capitals. */
export function purposeCode(text: string): string {
  const code = text.toUpperCase();
  if (!/^[A-Z]{2,16}$/.test(code)) throw new InvalidArgumentError('Write a code such as TREAT, ETREAT, HRESCH.');
  return code;
}

/** Values of an option that may be repeated. */
export const several = (value: string, others: string[] = []): string[] => [...others, value];

export const oneOf = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices([...choices]);
