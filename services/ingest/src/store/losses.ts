import type { Queryable, Tx } from '@medshare/database';
import type { LossCode, MapIssue } from '@medshare/fhir';

/** Keeps what a record does not hold of its message. Mapping a message again overwrites it. */
export async function keepLosses(
  tx: Tx,
  messageId: string,
  mapping: string,
  issues: readonly MapIssue[],
): Promise<void> {
  const text = `INSERT INTO loss (message_id, mapping, issues) VALUES ($1, $2, $3)
    ON CONFLICT (message_id) DO UPDATE SET mapping = excluded.mapping, issues = excluded.issues`;
  const written = issues.map(({ code, where }) => `${code} ${where}`);
  await tx.query({ name: 'ingest.keep-losses', text }, [messageId, mapping, written]);
}

/** @returns undefined for messages that were not mapped, or came as FHIR and so lost nothing */
export async function findLosses(
  on: Queryable,
  messageId: string,
): Promise<{ mapping: string; issues: MapIssue[] } | undefined> {
  const { rows } = await on.query<{ mapping: string; issues: string[] }>(
    'SELECT mapping, issues FROM loss WHERE message_id = $1',
    [messageId],
  );
  const [row] = rows;
  return row && { mapping: row.mapping, issues: row.issues.map(issueOf) };
}

const issueOf = (written: string): MapIssue => {
  const [code = '', where = ''] = written.split(' ');
  return { code: code as LossCode, where };
};
