import type { Deal } from '@medshare/crypto';
import type { Queryable, Tx } from '@medshare/database';

/** A leaf that this vault holds. */
export interface HeldLeaf {
  deal: Deal;
  leaf: string;
  dealer: string;
  wrapped: Buffer;
}

const columns = 'document AS deal, leaf, dealer, wrapped_share AS wrapped';

export async function findLeaf(db: Queryable, dealId: string, leaf: string): Promise<HeldLeaf | undefined> {
  const { rows } = await db.query<HeldLeaf>(`SELECT ${columns} FROM leaf WHERE deal_id = $1 AND leaf = $2`, [
    dealId,
    leaf,
  ]);
  return rows[0];
}

export async function leavesOfDeal(db: Queryable, dealId: string): Promise<HeldLeaf[]> {
  const { rows } = await db.query<HeldLeaf>(`SELECT ${columns} FROM leaf WHERE deal_id = $1 ORDER BY leaf`, [dealId]);
  return rows;
}

/** @returns whether it is kept now; false when a leaf of the same place, for the same purpose, is held already */
export async function insertLeaf(tx: Tx, held: HeldLeaf, about: string, now: number): Promise<boolean> {
  const { deal, leaf, dealer, wrapped } = held;
  const { rowCount } = await tx.query(
    `INSERT INTO leaf (deal_id, leaf, dealer, about, document, wrapped_share, accepted_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [deal.id, leaf, dealer, about, JSON.stringify(deal), wrapped, new Date(now)],
  );
  return rowCount === 1;
}
