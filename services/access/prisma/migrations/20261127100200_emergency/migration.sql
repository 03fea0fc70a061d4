-- Emergencies that a privacy officer must review.
CREATE TABLE "review" (
  "id" UUID PRIMARY KEY,
  -- requester, owner
  "side" TEXT NOT NULL,
  "ask_id" UUID NOT NULL,
  "opened_at" TIMESTAMPTZ NOT NULL,
  "due_at" TIMESTAMPTZ NOT NULL,
  -- open, follow-up, closed
  "state" TEXT NOT NULL,
  -- who asked, why, what was permitted; wrapped
  "sealed" BYTEA NOT NULL,
  UNIQUE ("ask_id", "side")
);
CREATE INDEX "review_due" ON "review" ("due_at") WHERE "state" <> 'closed';

-- What reviewers found, in order; never changed.
CREATE TABLE "review_outcome" (
  "review_id" UUID NOT NULL REFERENCES "review" ("id"),
  "sequence" INT NOT NULL,
  "outcome" TEXT NOT NULL,
  "person" TEXT NOT NULL,
  "at" TIMESTAMPTZ NOT NULL,
  -- the reviewer's reason; wrapped
  "sealed" BYTEA NOT NULL,
  PRIMARY KEY ("review_id", "sequence")
);

-- What patients are told.
CREATE TABLE "notification" (
  "id" UUID PRIMARY KEY,
  -- HMAC of the agreed identifier
  "patient" TEXT NOT NULL,
  "ask_id" UUID NOT NULL,
  "at" TIMESTAMPTZ NOT NULL,
  "seen_at" TIMESTAMPTZ,
  "sealed" BYTEA NOT NULL,
  UNIQUE ("ask_id", "patient")
);
CREATE INDEX "notification_patient" ON "notification" ("patient", "at");

-- A notice shown while the chain is away carries its request; an emergency's carries its reason, wrapped.
ALTER TABLE "notice" ADD COLUMN "away" BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE "notice" ADD COLUMN "request" JSONB;
ALTER TABLE "notice" ADD COLUMN "reason" BYTEA;

-- Approvals given here while the chain is away.
CREATE TABLE "away_approval" (
  "request_id" TEXT NOT NULL REFERENCES "notice" ("request_id"),
  "leaf" TEXT NOT NULL,
  "person" TEXT NOT NULL,
  "approved_at" TIMESTAMPTZ NOT NULL,
  "body" JSONB NOT NULL,
  PRIMARY KEY ("request_id", "leaf"),
  UNIQUE ("request_id", "person")
);
