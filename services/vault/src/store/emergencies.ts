import type { Database, Tx } from '@medshare/database';
import type { EmergencyRelease, Request } from '@medshare/events';

const DAY = 86_400_000;
/** Answers for one request and leaf, later records included. */
const mostReleases = 100;

export interface AwayLimits {
  perPerson: number;
  perInstitution: number;
}

/**
 * Counts an answer before it is made, those of one institution after each other.
 * @returns false when the person, the institution or the request has had what it may have within 24 hours
 */
export async function admitEmergency(
  tx: Tx,
  { id, ask, requester }: Request,
  leaf: string,
  { perPerson, perInstitution }: AwayLimits,
  now: number,
): Promise<boolean> {
  const { institution, certificate } = requester;
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('emergency.' || $1, 0))`, [institution]);
  const kept = await tx.query<{ releases: number }>(
    `INSERT INTO emergency (request_id, leaf, ask_id, institution, person, first_at, releases) VALUES ($1, $2, $3, $4, $5, $6, 1)
     ON CONFLICT (request_id, leaf) DO UPDATE SET releases = emergency.releases + 1 RETURNING releases`,
    [id, leaf, ask.askId, institution, certificate.person, new Date(now)],
  );
  const counted = await tx.query<{ by_person: number; by_institution: number }>(
    `SELECT count(DISTINCT ask_id) FILTER (WHERE person = $2)::int AS by_person, count(DISTINCT ask_id)::int AS by_institution
     FROM emergency WHERE institution = $1 AND first_at > $3`,
    [institution, certificate.person, new Date(now - DAY)],
  );
  const { by_person = 0, by_institution = 0 } = counted.rows[0] ?? {};
  return (kept.rows[0]?.releases ?? 0) <= mostReleases && by_person <= perPerson && by_institution <= perInstitution;
}

export async function insertEmergencyRelease(tx: Tx, release: EmergencyRelease): Promise<void> {
  await tx.query(
    'INSERT INTO emergency_release (entry, request_id, released_at, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [release.entry, release.requestId, new Date(release.releasedAt), release],
  );
}

export async function* emergencyReleases(database: Pick<Database, 'query'>): AsyncIterable<EmergencyRelease> {
  for (let after = ''; ;) {
    const { rows } = await database.query<{ entry: string; body: EmergencyRelease }>(
      'SELECT entry, body FROM emergency_release WHERE entry > $1 ORDER BY entry LIMIT 500',
      [after],
    );
    for (const { body } of rows) yield body;
    const last = rows.at(-1);
    if (!last) return;
    after = last.entry;
  }
}
