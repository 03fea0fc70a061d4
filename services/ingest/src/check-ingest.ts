import type { Finding, RoleContext } from '@medshare/role';

type Parts = Pick<RoleContext, 'database' | 'bus'>;

interface Comparison {
  readonly store: string;
  readonly problem: string;
  readonly detail: string;
  /** opaque ids of what does not agree */
  readonly sql: string;
}

/** Findings told of one comparison; more of the same teach nothing. */
const most = 1_000;
const event = 'SELECT 1 FROM';

const comparisons: readonly Comparison[] = [
  {
    store: 'ingest.message ↔ transit.payload',
    problem: 'missing',
    detail: 'a message that is not mapped yet has no payload, or not all of it',
    sql: `SELECT m.id FROM message m LEFT JOIN transit.payload p ON p.ref = m.payload
          WHERE m.state <> 'mapped' AND (p.ref IS NULL OR p.chunks <> (
            SELECT count(*) FROM transit.payload_chunk c WHERE c.ref = p.ref))`,
  },
  {
    store: 'ingest.message',
    problem: 'doubled',
    detail: 'the same message of a sender stands here twice',
    sql: `SELECT max(id::text) AS id FROM message WHERE key IS NOT NULL GROUP BY key, content HAVING count(*) > 1`,
  },
  {
    store: 'ingest.message',
    problem: 'doubled',
    detail: 'two messages became one record',
    sql: `SELECT max(id::text) AS id FROM message WHERE record_id IS NOT NULL GROUP BY record_id HAVING count(*) > 1`,
  },
  {
    store: 'ingest.message ↔ ingest.inbox',
    problem: 'disagrees',
    detail: 'a mapped message names no record or its event is not noted as done',
    sql: `SELECT m.id FROM message m WHERE m.state = 'mapped' AND m.record_id IS NULL`,
  },
  {
    store: 'ingest.inbox ↔ ingest.message',
    problem: 'disagrees',
    detail: 'the event is noted as done, its message is not mapped and nobody gave it up',
    sql: `SELECT m.id FROM message m JOIN inbox i ON i.id = m.id::text AND i.consumer = ''
          WHERE m.state <> 'mapped' AND NOT EXISTS (${event} inbox_skipped s WHERE s.id = m.id::text)`,
  },
  {
    store: 'ingest.inbox_parked ↔ ingest.message',
    problem: 'missing',
    detail: 'a parked event speaks of a message that is not here',
    sql: `SELECT p.id FROM inbox_parked p WHERE p.topic = 'message.accepted' AND (p.fence IS NULL OR p.fence = p.id)
          AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id::text = p.id)`,
  },
  {
    store: 'ingest.reply ↔ ingest.message',
    problem: 'missing',
    detail: 'an application acknowledgement is owed for a message that is not here',
    sql: `SELECT r.message_id AS id FROM reply r WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = r.message_id)`,
  },
  {
    store: 'ingest.reply ↔ ingest.message',
    problem: 'disagrees',
    detail:
      'a message is mapped and its application acknowledgement says nothing yet, or it says AA of one that is not',
    sql: `SELECT m.id FROM message m JOIN reply r ON r.message_id = m.id
          WHERE (m.state = 'mapped' AND r.state = 'waiting') OR (m.state <> 'mapped' AND r.code = 'AA')`,
  },
];

/** What webhooks keep: every number of a subscription up to the last was heard, or stands in one gap that can be fetched. */
const hooks: readonly Comparison[] = [
  {
    store: 'ingest.webhook_fetch ↔ ingest.webhook_subscription',
    problem: 'missing',
    detail: 'events are to be fetched of a subscription that nothing was heard of',
    sql: `SELECT f.id FROM webhook_fetch f WHERE f.kind = 'events' AND f.subscription IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM webhook_subscription s WHERE s.feed = f.feed AND s.subscription = f.subscription)`,
  },
  {
    store: 'ingest.webhook_fetch ↔ ingest.webhook_subscription',
    problem: 'disagrees',
    detail: 'events are to be fetched that the source has not told of: the subscription is not that far',
    sql: `SELECT f.id FROM webhook_fetch f JOIN webhook_subscription s ON s.feed = f.feed AND s.subscription = f.subscription
          WHERE f.kind = 'events' AND f.last_event > s.last_event`,
  },
  {
    store: 'ingest.webhook_fetch',
    problem: 'disagrees',
    detail: 'a fetch of events names none, or one of something else names some',
    sql: `SELECT id FROM webhook_fetch
          WHERE (kind = 'events') <> coalesce(first_event >= 1 AND last_event >= first_event, false)`,
  },
  {
    store: 'ingest.webhook_fetch',
    problem: 'doubled',
    detail: 'the same event of a subscription is to be fetched twice',
    sql: `SELECT DISTINCT f.id FROM webhook_fetch f JOIN webhook_fetch o ON o.feed = f.feed AND o.subscription = f.subscription
            AND o.position < f.position AND o.kind = 'events' AND f.kind = 'events'
            AND o.first_event <= f.last_event AND f.first_event <= o.last_event`,
  },
  {
    store: 'ingest.webhook_fetch ↔ transit.payload',
    problem: 'missing',
    detail: 'what is to be fetched is sealed in a payload that is not here, or not all of it',
    sql: `SELECT f.id FROM webhook_fetch f LEFT JOIN transit.payload p ON p.ref = f.payload
          WHERE f.payload IS NOT NULL AND (p.ref IS NULL OR p.chunks <> (
            SELECT count(*) FROM transit.payload_chunk c WHERE c.ref = p.ref))`,
  },
  {
    store: 'ingest.webhook_fetch',
    problem: 'disagrees',
    detail: 'a fetch waits for a person and does not say why',
    sql: `SELECT id FROM webhook_fetch WHERE state = 'failed' AND problem IS NULL`,
  },
];

/** Only where the bus has nothing left to deliver: what is on its way stands in no table of this role. */
const lost: Comparison = {
  store: 'ingest.message ↔ bus',
  problem: 'missing',
  detail: 'an acknowledged message has no event in the outbox, on the bus or among the parked, and no record',
  sql: `SELECT m.id FROM message m WHERE m.state = 'accepted' AND m.received_at < now() - interval '5 seconds'
        AND NOT EXISTS (${event} outbox o WHERE o.id = m.id::text)
        AND NOT EXISTS (${event} inbox i WHERE i.id = m.id::text)
        AND NOT EXISTS (${event} inbox_parked p WHERE p.id = m.id::text)`,
};

/**
 * What `fsck` asks of ingest: every acknowledged message is on its way, done, or parked, exactly once, with its bytes; and what webhooks
 * have not brought is to be fetched, once.
 */
export async function* checkIngest(context: Parts): AsyncIterable<Finding> {
  for (const comparison of [...comparisons, ...hooks]) yield* findings(context, comparison);
  // outbox first, then the bus: an event moves from one to the other and never back
  const behind = (await context.bus.lag()).some(
    ({ group, topic, lag }) => group === 'ingest' && topic === 'message.accepted' && lag > 0,
  );
  if (!behind) yield* findings(context, lost);
}

async function* findings({ database }: Parts, { store, problem, detail, sql }: Comparison): AsyncIterable<Finding> {
  const { rows } = await database.query<{ id: string }>(`${sql} LIMIT ${most}`);
  for (const { id } of rows) yield { store, id, problem, detail };
}
