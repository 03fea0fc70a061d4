-- Application acknowledgements of HL7 v2's enhanced mode: owed from the message's own transaction on, delivered later.
CREATE TABLE "reply" (
  "message_id" UUID PRIMARY KEY,
  "condition" TEXT NOT NULL,
  "connection" UUID,
  "state" TEXT NOT NULL DEFAULT 'waiting',
  "code" TEXT,
  "problem" TEXT,
  "place" TEXT,
  "settled_at" TIMESTAMPTZ,
  "next_at" TIMESTAMPTZ,
  "give_up_at" TIMESTAMPTZ,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "problem_of_delivery" TEXT,
  "delivered_at" TIMESTAMPTZ
);
CREATE INDEX "reply_undelivered" ON "reply" ("state", "next_at") WHERE "state" IN ('due', 'failed');
CREATE FUNCTION "insert_replies"(ids UUID[], conditions TEXT[], connections UUID[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO reply (message_id, condition, connection) SELECT * FROM unnest(ids, conditions, connections)
$$;
