import type { Call, Queryable } from '@medshare/database';

/** One patient's further identifier and the stream that its messages are in. Keyed hashes. */
export interface Alias {
  readonly identifier: string;
  readonly patientKey: string;
}

/** Pairs that are there already change nothing. */
export const insertingAliases = (aliases: readonly Alias[]): Call => ({
  name: 'insert_aliases',
  args: [aliases.map(({ identifier }) => identifier), aliases.map(({ patientKey }) => patientKey)],
});

/** @returns the streams in which messages came that carried an identifier, by identifier */
export async function findStreams(on: Queryable, identifiers: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (identifiers.length === 0) return found;
  const { rows } = await on.query<{ identifier: string; patient_key: string }>(
    'SELECT identifier, patient_key FROM patient_alias WHERE identifier = ANY($1::text[]) ORDER BY identifier, patient_key',
    [identifiers],
  );
  for (const { identifier, patient_key: key } of rows) found.set(identifier, [...(found.get(identifier) ?? []), key]);
  return found;
}
