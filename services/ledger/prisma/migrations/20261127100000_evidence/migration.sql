-- Evidence of emergencies that were granted while the chain was away, on its way to the chain.
CREATE TABLE "evidence" (
  -- <request>/<leaf>/<audit entry>
  "id" TEXT PRIMARY KEY,
  "sequence" BIGSERIAL NOT NULL UNIQUE,
  "request_id" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "released_at" BIGINT NOT NULL,
  -- waiting, anchored, refused
  "state" TEXT NOT NULL,
  "block" BIGINT,
  "late_ms" BIGINT,
  "problem" TEXT
);
CREATE INDEX "evidence_waiting" ON "evidence" ("sequence") WHERE "state" = 'waiting';
