import type { Deal } from '@medshare/crypto';
import type { Queryable } from '@medshare/database';
import type { Anchor } from '@medshare/events';

/** Rows read at a time. */
const size = 200;

export interface CheckedSection {
  id: string;
  cid: string;
  dealId: string | null;
  /** hexadecimal in JSON, bytes here */
  wrappedKey: Buffer;
}

export interface CheckedRecord {
  id: string;
  tag: string;
  anchor: Anchor;
  manifestCid: string;
  manifest: Buffer;
  indexId: string;
  counter: number;
  wrappedIndex: Buffer;
  sections: CheckedSection[];
}

export interface CheckedDeal {
  id: string;
  deal: Deal;
  shareable: boolean;
  deliveries: { leaf: string; acknowledgement: string | null }[];
}

export interface CheckedLeaf {
  /** place in the walk */
  id: string;
  dealId: string;
  deal: Deal;
  leaf: string;
  wrapped: Buffer;
}

const records = `SELECT r.id, r.tag, r.anchor, r.manifest_cid AS "manifestCid", r.manifest, r.index_id AS "indexId", r.counter,
    i.wrapped AS "wrappedIndex",
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'cid', s.cid, 'dealId', s.deal_id,
       'wrappedKey', encode(s.wrapped_key, 'hex')) ORDER BY s.position), '[]') FROM section s WHERE s.record_id = r.id) AS sections
  FROM record r JOIN index_key i ON i.id = r.index_id WHERE r.id::text > $1 ORDER BY r.id::text LIMIT ${size}`;

const deals = `SELECT d.id, d.document AS deal, d.shareable_at IS NOT NULL AS shareable,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('leaf', v.leaf, 'acknowledgement', v.acknowledgement)), '[]')
     FROM delivery v WHERE v.deal_id = d.id) AS deliveries
  FROM deal d WHERE d.id > $1 ORDER BY d.id LIMIT ${size}`;

const leaves = `SELECT deal_id || ' ' || leaf AS id, deal_id AS "dealId", document AS deal, leaf, wrapped_share AS wrapped
  FROM leaf WHERE deal_id || ' ' || leaf > $1 ORDER BY deal_id || ' ' || leaf LIMIT ${size}`;

export interface RowCounts {
  records: number;
  deals: number;
  leaves: number;
}

/** How many there are of what `pageOf` walks. */
export async function countRows(database: Queryable): Promise<RowCounts> {
  const { rows } = await database.query<RowCounts>(
    `SELECT (SELECT count(*) FROM record)::int AS records, (SELECT count(*) FROM deal)::int AS deals,
       (SELECT count(*) FROM leaf)::int AS leaves`,
  );
  return rows[0] ?? { records: 0, deals: 0, leaves: 0 };
}

/** Walks of whole tables, page by page. */
export const pageOf = {
  async *records(database: Queryable): AsyncIterable<CheckedRecord> {
    for await (const record of walk<CheckedRecord>(database, records)) {
      const sections = record.sections.map((one) => ({
        ...one,
        wrappedKey: Buffer.from(String(one.wrappedKey), 'hex'),
      }));
      yield { ...record, sections };
    }
  },
  deals: (database: Queryable) => walk<CheckedDeal>(database, deals),
  leaves: (database: Queryable) => walk<CheckedLeaf>(database, leaves),
};

async function* walk<Row extends { id: string }>(database: Queryable, sql: string): AsyncIterable<Row> {
  for (let after = ''; ;) {
    const { rows } = await database.query<Row>(sql, [after]);
    yield* rows;
    if (rows.length < size) return;
    after = rows.at(-1)?.id ?? '';
  }
}
