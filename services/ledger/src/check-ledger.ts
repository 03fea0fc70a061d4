import { canonical } from '@medshare/crypto';
import type { Anchor } from '@medshare/events';
import type { Ledger } from '@medshare/ledger';
import type { Finding, OnWalked, RoleContext } from '@medshare/role';

const page = 500;
const decoder = new TextDecoder();

/** fsck: the own copy of the chain verifies, and the queue of anchors agrees with it. */
export async function* checkLedger(context: RoleContext, ledger: Ledger, onWalked?: OnWalked): AsyncIterable<Finding> {
  const { number: last } = await ledger.height();
  const onBlock = (block: number) => onWalked?.('blocks', block + 1, Math.max(block, last) + 1);
  for await (const { kind, block, id, detail } of ledger.verify(onBlock)) {
    const where = block === undefined ? (id ?? kind) : `block ${block}`;
    yield { store: `chain.${kind}`, id: where, problem: 'ledger.tampered', detail };
  }
  yield* checkQueue(context, ledger);
  yield* checkEvidence(context);
}

/** What the chain refused never comes to stand on it; what still waits is named by the vault that released. */
async function* checkEvidence({ database }: RoleContext): AsyncIterable<Finding> {
  const { rows } = await database.query<{ request_id: string; problem: string }>(
    `SELECT request_id, problem FROM evidence WHERE state = 'refused' ORDER BY sequence`,
  );
  for (const { request_id: id, problem } of rows)
    yield { store: 'ledger.evidence', id, problem, detail: 'the chain refused the evidence of a release without it' };
}

async function* checkQueue({ database, institution }: RoleContext, ledger: Ledger): AsyncIterable<Finding> {
  for (let after = '0'; ;) {
    const { rows } = await database.query<{ sequence: string; record_id: string; body: Anchor; state: string }>(
      'SELECT sequence, record_id, body, state FROM anchor WHERE sequence > $1 ORDER BY sequence LIMIT $2',
      [after, page],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = last.sequence;
    const found = await ledger.getMany(rows.map(({ body }) => `anchor/${institution}/${body.tag}`));
    for (const { record_id: id, body, state } of rows) {
      const stored = found.get(`anchor/${institution}/${body.tag}`);
      const store = 'ledger.anchor ↔ chain';
      if (state === 'anchored' && !stored)
        yield { store, id, problem: 'missing', detail: 'anchored here, not on the chain' };
      if (state === 'anchored' && stored && decoder.decode(stored.value) !== canonical(body as never))
        yield { store, id, problem: 'disagrees', detail: 'the chain holds other content under its tag' };
      if (state === 'refused')
        yield { store, id, problem: 'ledger.conflict', detail: 'its tag is taken by other content' };
    }
  }
}
