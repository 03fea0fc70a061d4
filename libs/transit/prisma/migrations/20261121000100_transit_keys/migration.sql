-- Keys under which payloads between roles are sealed: wrapped, rotated, destroyed after the bus's retention.
CREATE TABLE "key" (
  "id" UUID PRIMARY KEY,
  "wrapped" BYTEA,
  "created_at" TIMESTAMPTZ NOT NULL,
  "destroyed_at" TIMESTAMPTZ
);
