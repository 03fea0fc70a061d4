-- Anchors on their way to the chain, in the order in which they came.
CREATE TABLE "anchor" (
  "record_id" UUID PRIMARY KEY,
  "sequence" BIGSERIAL NOT NULL UNIQUE,
  "patient_key" TEXT NOT NULL,
  "tag" TEXT NOT NULL UNIQUE,
  "body" JSONB NOT NULL,
  "received_at" BIGINT NOT NULL,
  -- waiting, anchored, refused
  "state" TEXT NOT NULL,
  "block" BIGINT,
  "tx_id" TEXT
);
CREATE INDEX "anchor_waiting" ON "anchor" ("sequence") WHERE "state" = 'waiting';

-- The next block that the role has not followed yet.
CREATE TABLE "cursor" (
  "only" BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK ("only"),
  "next" BIGINT NOT NULL
);
INSERT INTO "cursor" ("next") VALUES (0);
