import type { Tx } from '@medshare/database';

/** Counts an evaluation for its caller, by ground and UTC day. */
export async function countEvaluation(tx: Tx, caller: string, ground: string, now: number): Promise<void> {
  await tx.query(
    `INSERT INTO evaluation (day, caller, ground, count) VALUES ($1, $2, $3, 1)
     ON CONFLICT (day, caller, ground) DO UPDATE SET count = evaluation.count + 1`,
    [new Date(now).toISOString().slice(0, 10), caller, ground],
  );
}
