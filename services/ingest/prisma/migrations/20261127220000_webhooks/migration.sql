-- What webhooks have heard of a source's subscriptions, and what is to be fetched from the source. Names of resources are sealed in the transit store.
CREATE TABLE "webhook_subscription" (
  "feed" TEXT NOT NULL,
  "subscription" TEXT NOT NULL,
  "last_event" BIGINT NOT NULL DEFAULT 0,
  "status" TEXT NOT NULL,
  "told_at" TIMESTAMPTZ,
  "heard_at" TIMESTAMPTZ NOT NULL,
  "missed" BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY ("feed", "subscription")
);
CREATE TABLE "webhook_fetch" (
  "id" UUID PRIMARY KEY,
  "position" BIGINT GENERATED ALWAYS AS IDENTITY,
  "feed" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "subscription" TEXT,
  "first_event" BIGINT,
  "last_event" BIGINT,
  "identity" TEXT,
  "payload" UUID,
  "sealed_at" TIMESTAMPTZ,
  "state" TEXT NOT NULL DEFAULT 'due',
  "made_at" TIMESTAMPTZ NOT NULL,
  "next_at" TIMESTAMPTZ NOT NULL,
  "leased_until" TIMESTAMPTZ,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "problem" TEXT,
  "place" TEXT
);
CREATE INDEX "webhook_fetch_due" ON "webhook_fetch" ("next_at") WHERE "state" = 'due';
CREATE INDEX "webhook_fetch_events" ON "webhook_fetch" ("feed", "subscription", "first_event") WHERE "kind" = 'events';
CREATE UNIQUE INDEX "webhook_fetch_identity" ON "webhook_fetch" ("identity");
-- Up to which instant a search has seen its source.
CREATE TABLE "webhook_search" (
  "feed" TEXT NOT NULL,
  "query" TEXT NOT NULL,
  "seen_until" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("feed", "query")
);
