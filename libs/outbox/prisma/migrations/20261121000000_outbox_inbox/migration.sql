-- Events written in the same transaction as the state they speak of; the relay moves them to the bus and deletes them.
CREATE TABLE "outbox" (
  "seq" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "id" TEXT NOT NULL,
  "topic" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "headers" TEXT NOT NULL,
  "value" TEXT NOT NULL,
  "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- Ids of events whose effect is done, in the same transaction as that effect.
CREATE TABLE "inbox" (
  "consumer" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY ("consumer", "id")
);
CREATE INDEX "inbox_at" ON "inbox" USING brin ("at");

-- Events that failed for good ('parked'), and later ones of their keys behind them; 'replaying' ones are on their way again.
CREATE TABLE "inbox_parked" (
  "seq" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "consumer" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "topic" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "headers" TEXT NOT NULL,
  "value" TEXT NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'parked' CHECK ("state" IN ('parked', 'replaying')),
  "code" TEXT NOT NULL,
  "place" TEXT,
  "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  UNIQUE ("consumer", "id")
);
CREATE INDEX "inbox_parked_key" ON "inbox_parked" ("consumer", "key", "seq");

-- Events that a person decided not to do, and why.
CREATE TABLE "inbox_skipped" (
  "seq" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "consumer" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "topic" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "code" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
