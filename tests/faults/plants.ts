/** A disagreement put into harbor's stores: SQL, or a change to the files of one blob. */
export interface Plant {
  /** what fsck must name */
  store: string;
  what: string;
  /** tables that change; put back afterwards */
  tables?: readonly string[];
  sql?: string;
  /** SQL that gives a CID as `cid`; its blob's files are changed so */
  blob?: { cid: string; change: 'flip' | 'remove' };
}

/** One bit of a bytea column. */
const flip = (column: string): string => `set_bit(${column}, 9, 1 - get_bit(${column}, 9))`;
const one = (table: string, column = 'id', where = 'true'): string =>
  `${column} = (SELECT ${column} FROM ${table} WHERE ${where} ORDER BY ${column} LIMIT 1)`;
const otherRoot = `jsonb_set(%, '{recordRoot}', to_jsonb('AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'::text))`;
const changed = (column: string): string => otherRoot.replace('%', column);
const aRecord = one('vault.record');
const copied = 'kind, feed, content, patient_key, size, payload';

const message = 'ingest.message';
const heard = 'ingest.webhook_subscription';
const fetch = 'ingest.webhook_fetch';
/** A subscription of which ten events were heard. */
const hear = `INSERT INTO ${heard} (feed, subscription, last_event, status, heard_at) VALUES ('planted', 's', 10, 'active', now())`;
const gap = (first: number, last: number): string =>
  `INSERT INTO ${fetch} (id, feed, kind, subscription, first_event, last_event, made_at, next_at)
    VALUES (gen_random_uuid(), 'planted', 'events', 's', ${first}, ${last}, now(), now())`;
const block = 'chain.block';
const state = 'chain.state';

export const plants: readonly Plant[] = [
  {
    store: 'ingest.message ↔ transit.payload',
    what: 'a payload is gone',
    tables: ['transit.payload', message],
    sql: `DELETE FROM transit.payload WHERE ref = (SELECT payload FROM ingest.message ORDER BY id LIMIT 1);
      UPDATE ingest.message SET state = 'accepted' WHERE ${one(message)}`,
  },
  {
    store: 'ingest.message ↔ transit.payload',
    what: 'a chunk of a payload is gone',
    tables: ['transit.payload_chunk', message],
    sql: `DELETE FROM transit.payload_chunk WHERE ref = (SELECT payload FROM ingest.message ORDER BY id LIMIT 1);
      UPDATE ingest.message SET state = 'accepted' WHERE ${one(message)}`,
  },
  {
    store: message,
    what: 'a message stands twice',
    tables: [message],
    sql: `INSERT INTO ingest.message (id, key, variant, received_at, state, record_id, ${copied})
      SELECT gen_random_uuid(), key, 'planted', received_at, state, gen_random_uuid(), ${copied} FROM ingest.message WHERE ${one(message)}`,
  },
  {
    store: message,
    what: 'two messages are one record',
    tables: [message],
    sql: `UPDATE ingest.message SET record_id = (SELECT record_id FROM ingest.message ORDER BY id LIMIT 1)`,
  },
  {
    store: 'ingest.message ↔ ingest.inbox',
    what: 'a mapped message has no record',
    tables: [message],
    sql: `UPDATE ingest.message SET record_id = NULL WHERE ${one(message)}`,
  },
  {
    store: 'ingest.inbox ↔ ingest.message',
    what: 'an event is done, its message is not',
    tables: [message],
    sql: `UPDATE ingest.message SET state = 'accepted' WHERE ${one(message)}`,
  },
  {
    store: 'ingest.inbox_parked ↔ ingest.message',
    what: 'a message that is parked is gone',
    tables: ['ingest.inbox_parked'],
    sql: `INSERT INTO ingest.inbox_parked (consumer, id, topic, key, headers, value, code)
      VALUES ('', gen_random_uuid()::text, 'message.accepted', 'k', '{}', '{}', 'record.unmappable')`,
  },
  {
    store: 'ingest.reply ↔ ingest.message',
    what: 'an acknowledgement is owed for a message that is gone',
    tables: ['ingest.reply'],
    sql: `INSERT INTO ingest.reply (message_id, condition) VALUES (gen_random_uuid(), 'AL')`,
  },
  {
    store: 'ingest.reply ↔ ingest.message',
    what: 'the acknowledgement of a mapped message was forgotten',
    tables: ['ingest.reply'],
    sql: `INSERT INTO ingest.reply (message_id, condition) SELECT id, 'AL' FROM ingest.message WHERE ${one(message)}`,
  },
  {
    store: 'ingest.webhook_fetch',
    what: 'the same event of a subscription is to be fetched twice',
    tables: [heard, fetch],
    sql: `${hear}; ${gap(3, 4)}; ${gap(4, 5)}`,
  },
  {
    store: 'ingest.webhook_fetch ↔ ingest.webhook_subscription',
    what: 'an event is to be fetched that nobody told of',
    tables: [heard, fetch],
    sql: `${hear}; ${gap(11, 11)}`,
  },
  {
    store: 'ingest.webhook_fetch ↔ transit.payload',
    what: 'the name of what is to be fetched is gone',
    tables: [heard, fetch],
    sql: `${hear}; ${gap(3, 4)}; UPDATE ${fetch} SET payload = gen_random_uuid()`,
  },
  {
    store: 'ingest.message ↔ bus',
    what: 'an acknowledged message has no event',
    tables: [message],
    sql: `INSERT INTO ingest.message (id, variant, received_at, state, ${copied})
      SELECT gen_random_uuid(), 'planted', received_at - interval '1 hour', 'accepted', ${copied} FROM ingest.message WHERE ${one(message)}`,
  },
  {
    store: 'vault.record ↔ blobs',
    what: 'a bit of a manifest’s blob is another',
    blob: { cid: `SELECT manifest_cid AS cid FROM vault.record WHERE ${aRecord}`, change: 'flip' },
  },
  {
    store: 'vault.record ↔ blobs',
    what: 'a manifest’s blob is gone',
    blob: { cid: `SELECT manifest_cid AS cid FROM vault.record WHERE ${aRecord}`, change: 'remove' },
  },
  {
    store: 'vault.record',
    what: 'a bit of the kept manifest is another',
    tables: ['vault.record'],
    sql: `UPDATE vault.record SET manifest = ${flip('manifest')} WHERE ${aRecord}`,
  },
  {
    store: 'vault.record',
    what: 'a record stands under another tag',
    tables: ['vault.record'],
    sql: `UPDATE vault.record SET tag = 'planted' WHERE ${aRecord}`,
  },
  {
    store: 'vault.record ↔ chain',
    what: 'the kept anchor has another root',
    tables: ['vault.record'],
    sql: `UPDATE vault.record SET anchor = ${changed('anchor')} WHERE ${aRecord}`,
  },
  {
    store: 'vault.record ↔ chain',
    what: 'an anchor is not on the chain',
    tables: [state],
    sql: `DELETE FROM chain.state WHERE key = (SELECT 'anchor/harbor/' || tag FROM vault.record WHERE ${aRecord})`,
  },
  {
    store: 'vault.index_key ↔ vault.record',
    what: 'a counter has no record',
    tables: ['vault.index_key'],
    sql: `UPDATE vault.index_key SET next_counter = next_counter + 1 WHERE ${one('vault.index_key')}`,
  },
  {
    store: 'vault.index_key ↔ vault.record',
    what: 'a record is gone',
    tables: ['vault.section', 'vault.record'],
    sql: `DELETE FROM vault.section WHERE record_id = (SELECT id FROM vault.record ORDER BY id LIMIT 1);
      DELETE FROM vault.record WHERE ${aRecord}`,
  },
  {
    store: 'vault.section',
    what: 'a section is gone',
    tables: ['vault.section'],
    sql: `DELETE FROM vault.section WHERE ${one('vault.section')}`,
  },
  {
    store: 'vault.section ↔ blobs',
    what: 'a bit of a section’s blob is another',
    blob: { cid: `SELECT cid FROM vault.section WHERE ${one('vault.section')}`, change: 'flip' },
  },
  {
    store: 'vault.section ↔ blobs',
    what: 'a section’s blob is gone',
    blob: { cid: `SELECT cid FROM vault.section WHERE ${one('vault.section')}`, change: 'remove' },
  },
  {
    store: 'vault.section ↔ blobs',
    what: 'a bit of a section’s wrapped key is another',
    tables: ['vault.section'],
    sql: `UPDATE vault.section SET wrapped_key = ${flip('wrapped_key')} WHERE ${one('vault.section')}`,
  },
  {
    store: 'vault.deal',
    what: 'a holder’s acknowledgement is another’s',
    tables: ['vault.delivery'],
    sql: `UPDATE vault.delivery SET acknowledgement = reverse(acknowledgement)
      WHERE ${one('vault.delivery', 'deal_id', 'acknowledgement IS NOT NULL')}`,
  },
  {
    store: 'vault.deal',
    what: 'a deal that is shareable is not marked so',
    tables: ['vault.deal'],
    sql: `UPDATE vault.deal SET shareable_at = NULL WHERE ${one('vault.deal', 'id', 'shareable_at IS NOT NULL')}`,
  },
  {
    store: 'vault.leaf',
    what: 'a bit of a wrapped share is another',
    tables: ['vault.leaf'],
    sql: `UPDATE vault.leaf SET wrapped_share = ${flip('wrapped_share')} WHERE ${one('vault.leaf', 'deal_id')}`,
  },
  {
    store: 'ledger.anchor ↔ chain',
    what: 'the queue holds another root than the chain',
    tables: ['ledger.anchor'],
    sql: `UPDATE ledger.anchor SET body = ${changed('body')} WHERE ${one('ledger.anchor', 'record_id')}`,
  },
  {
    store: 'ledger.anchor ↔ chain',
    what: 'the queue says anchored, the chain does not',
    tables: ['ledger.anchor'],
    sql: `UPDATE ledger.anchor SET body = jsonb_set(body, '{tag}', '"planted"') WHERE ${one('ledger.anchor', 'record_id')}`,
  },
  {
    store: 'ledger.anchor ↔ chain',
    what: 'an anchor was refused',
    tables: ['ledger.anchor'],
    sql: `UPDATE ledger.anchor SET state = 'refused' WHERE ${one('ledger.anchor', 'record_id')}`,
  },
  {
    store: 'chain.block',
    what: 'a bit of a block is another',
    tables: [block],
    sql: `UPDATE chain.block SET bytes = set_bit(bytes, 8 * (length(bytes) / 2), 1 - get_bit(bytes, 8 * (length(bytes) / 2))) WHERE number = 2`,
  },
  {
    store: 'chain.chain',
    what: 'a block is gone',
    tables: [block],
    sql: 'DELETE FROM chain.block WHERE number = 2',
  },
  {
    store: 'chain.signature',
    what: 'a block’s commit is signed by nobody',
    tables: [block],
    sql: 'UPDATE chain.block SET signature = reverse(signature) WHERE number = 2',
  },
  {
    store: 'chain.transaction',
    what: 'the verdict on a transaction is another',
    tables: [block],
    sql: `UPDATE chain.block SET codes[1] = 'mvcc-conflict' WHERE number = 2`,
  },
  {
    store: 'chain.state',
    what: 'a value of the state is another',
    tables: [state],
    sql: `UPDATE chain.state SET value = convert_to(replace(convert_from(value, 'UTF8'), '"version":1', '"version":2'), 'UTF8')
      WHERE ${one(state, 'key', "key LIKE 'anchor/%'")}`,
  },
  {
    store: 'chain.state',
    what: 'values of the state are no JSON',
    tables: [state],
    sql: `UPDATE chain.state SET value = ${flip('value')} WHERE key LIKE 'anchor/harbor/%' OR key LIKE 'checkpoint/%'`,
  },
  {
    store: 'chain.state',
    what: 'the state has what no block wrote',
    tables: [state],
    sql: `INSERT INTO chain.state (key, value, block, index) SELECT 'anchor/harbor/planted', value, block, index FROM chain.state LIMIT 1`,
  },
  {
    store: 'audit.entry ↔ audit.node',
    what: 'a bit of an entry is another',
    tables: ['audit.entry'],
    sql: `UPDATE audit.entry SET bytes = ${flip('bytes')} WHERE index = 3`,
  },
  {
    store: 'audit.entry ↔ audit.node',
    what: 'an entry is gone',
    tables: ['audit.entry'],
    sql: 'DELETE FROM audit.entry WHERE index = 3',
  },
  {
    store: 'audit.entry ↔ its index',
    what: 'an entry is found under another action',
    tables: ['audit.entry'],
    sql: `UPDATE audit.entry SET action = 'planted' WHERE index = 3`,
  },
  {
    store: 'audit.head ↔ audit.entry',
    what: 'the newest entry is gone',
    tables: ['audit.entry'],
    sql: 'DELETE FROM audit.entry WHERE index = (SELECT max(index) FROM audit.entry)',
  },
  {
    store: 'audit.node',
    what: 'a bit of an inner node is another',
    tables: ['audit.node'],
    sql: `UPDATE audit.node SET hash = ${flip('hash')} WHERE level = 2 AND position = 0`,
  },
  {
    store: 'audit.checkpoint ↔ audit.node',
    what: 'a checkpoint’s root is another',
    tables: ['audit.checkpoint'],
    sql: `UPDATE audit.checkpoint SET root = ${flip('root')} WHERE ${one('audit.checkpoint', 'size')}`,
  },
  {
    store: 'audit.checkpoint',
    what: 'a checkpoint is signed by nobody',
    tables: ['audit.checkpoint'],
    sql: `UPDATE audit.checkpoint SET signature = reverse(signature) WHERE ${one('audit.checkpoint', 'size')}`,
  },
  {
    store: 'audit.checkpoint ↔ chain',
    what: 'the checkpoint that the chain holds is gone',
    tables: ['audit.checkpoint'],
    sql: 'DELETE FROM audit.checkpoint',
  },
  {
    store: 'ledger.evidence',
    what: 'the chain refused the evidence of an emergency',
    tables: ['ledger.evidence'],
    sql: `INSERT INTO ledger.evidence (id, request_id, body, released_at, state, problem)
      VALUES ('planted/ed@harbor/x', 'planted', '{}', 0, 'refused', 'access.forged')`,
  },
  {
    store: 'vault.emergency_release ↔ chain',
    what: 'a release without the chain never came to stand on it',
    tables: ['vault.emergency_release'],
    sql: `INSERT INTO vault.emergency_release (entry, request_id, released_at, body) VALUES ('planted', 'planted', now(),
      '{"requestId": "planted", "leaf": "ed@harbor", "entry": "planted", "releasedAt": 0}')`,
  },
];
