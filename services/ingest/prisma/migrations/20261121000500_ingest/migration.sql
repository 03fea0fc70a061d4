-- Everything that says something of a message is a keyed hash; its bytes stand in the transit store, sealed.
CREATE TABLE "message" (
  "id" UUID PRIMARY KEY,
  "position" BIGINT GENERATED ALWAYS AS IDENTITY,
  "kind" TEXT NOT NULL,
  "feed" TEXT NOT NULL,
  "key" TEXT,
  "variant" TEXT NOT NULL,
  "content" TEXT NOT NULL,
  "patient_key" TEXT NOT NULL,
  "size" INTEGER NOT NULL,
  "payload" UUID NOT NULL,
  "received_at" TIMESTAMPTZ NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'accepted',
  "record_id" UUID,
  "settled_at" TIMESTAMPTZ
);
-- the first message under a key has an empty variant: two writers cannot both be first
CREATE UNIQUE INDEX "message_key" ON "message" ("key", "variant");
CREATE INDEX "message_unsettled" ON "message" ("position") WHERE "state" <> 'mapped';

CREATE TABLE "refusal" (
  "id" UUID PRIMARY KEY,
  "position" BIGINT GENERATED ALWAYS AS IDENTITY,
  "time" TIMESTAMPTZ NOT NULL,
  "via" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "feed" TEXT,
  "content" TEXT,
  "size" INTEGER NOT NULL,
  "code" TEXT NOT NULL,
  "place" TEXT,
  "problems" JSONB NOT NULL
);
CREATE INDEX "refusal_time" ON "refusal" ("time");
