-- Sealed payloads between the roles of one institution; events carry only their reference.
CREATE TABLE "payload" (
  "ref" UUID PRIMARY KEY,
  "size" BIGINT NOT NULL,
  "chunks" INTEGER NOT NULL,
  "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX "payload_at" ON "payload" ("at");

CREATE TABLE "payload_chunk" (
  "ref" UUID NOT NULL REFERENCES "payload" ("ref") ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  "n" INTEGER NOT NULL,
  "bytes" BYTEA NOT NULL,
  PRIMARY KEY ("ref", "n")
);
-- sealed bytes do not compress
ALTER TABLE "payload_chunk" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;
