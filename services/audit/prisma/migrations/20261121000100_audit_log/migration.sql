-- The institution's transparency log: entries in order, the Merkle nodes of complete subtrees, signed checkpoints.
CREATE TABLE "entry" (
  "index" BIGINT PRIMARY KEY,
  "id" UUID NOT NULL UNIQUE,
  "time" TIMESTAMPTZ NOT NULL,
  "action" TEXT NOT NULL,
  "outcome" TEXT NOT NULL,
  "salt" BYTEA NOT NULL,
  "leaf" BYTEA NOT NULL,
  -- canonical JSON exactly as hashed
  "bytes" BYTEA NOT NULL
);
CREATE INDEX "entry_time" ON "entry" ("time");
CREATE INDEX "entry_action_time" ON "entry" ("action", "time");

CREATE TABLE "entity" (
  "entry_index" BIGINT NOT NULL REFERENCES "entry" ("index"),
  "kind" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  PRIMARY KEY ("kind", "id", "entry_index")
);

CREATE TABLE "node" (
  "level" INT NOT NULL,
  "position" BIGINT NOT NULL,
  "hash" BYTEA NOT NULL,
  PRIMARY KEY ("level", "position")
);

CREATE TABLE "head" (
  "only" BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK ("only"),
  "size" BIGINT NOT NULL
);
INSERT INTO "head" ("size") VALUES (0);

CREATE TABLE "checkpoint" (
  "size" BIGINT PRIMARY KEY,
  "root" BYTEA NOT NULL,
  "time" TIMESTAMPTZ NOT NULL,
  "signature" TEXT NOT NULL
);
