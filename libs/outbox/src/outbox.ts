import { encodeMessage, type BusMessage } from '@medshare/bus';
import type { Tx } from '@medshare/database';

/** channel of the outbox of one schema */
export const outboxChannel = (schema: string): string => `outbox_${schema}`;

/** Locks taken for keys: more keys than these share some, which costs waiting, never order. */
const LOCKS = 1_024;

/**
 * The events of a role, written with the state they speak of. Appends of one key wait for each other from append to commit, so
 * that their order in the table is the order of their commits: append last in a transaction.
 */
export class Outbox {
  /** @throws Problem `request.too-large` or `event.invalid`, as the bus would */
  async append(tx: Tx, messages: readonly BusMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const encoded = messages.map(encodeMessage);
    // a statement of its own: the numbers are taken after the locks are held. Sorted, so that two appends never wait in a ring
    await tx.query(
      {
        name: 'outbox-lock',
        text: `SELECT pg_advisory_xact_lock(hashtext('outbox.' || current_schema()), bucket) FROM (
                 SELECT DISTINCT abs(hashtext(key) % ${LOCKS}) AS bucket FROM unnest($1::text[]) AS key ORDER BY bucket) AS buckets`,
      },
      [encoded.map(({ key }) => key)],
    );
    await tx.query(
      {
        name: 'outbox-append',
        text: `WITH told AS (SELECT pg_notify('outbox_' || current_schema(), ''))
               INSERT INTO outbox (id, topic, key, headers, value)
               SELECT id, topic, key, headers, value
               FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS m(id, topic, key, headers, value, n),
                 told ORDER BY n`,
      },
      (['id', 'topic', 'key', 'headers', 'value'] as const).map((name) => encoded.map((message) => message[name])),
    );
  }
}
