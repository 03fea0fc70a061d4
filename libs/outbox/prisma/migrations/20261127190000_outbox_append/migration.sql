-- Appends events in the order given. The numbers are taken after the locks of their keys are held, in a statement of its own, and the
-- locks are held until the commit: the order of one key in the table is the order of its commits. Sorted, so that two appends never
-- wait in a ring. More keys than buckets share some, which costs waiting, never order.
CREATE FUNCTION "outbox_append"(ids TEXT[], topics TEXT[], keys TEXT[], headers TEXT[], vals TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('outbox.' || current_schema()), bucket)
    FROM (SELECT DISTINCT abs(hashtext(key) % 1024) AS bucket FROM unnest(keys) AS key ORDER BY bucket) AS buckets;
  INSERT INTO outbox (id, topic, key, headers, value)
    SELECT m.id, m.topic, m.key, m.header, m.val
    FROM unnest(ids, topics, keys, headers, vals) WITH ORDINALITY AS m(id, topic, key, header, val, n) ORDER BY n;
END $$;

-- Wakes whoever moves this schema's outbox.
CREATE FUNCTION "outbox_wake"() RETURNS VOID
LANGUAGE sql AS $$ SELECT pg_notify('outbox_' || current_schema(), '') $$;
