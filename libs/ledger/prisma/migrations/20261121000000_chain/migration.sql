-- One member's copy of the region's chain (embedded ledger). Blocks are exact bytes; state and index follow from them.
CREATE TABLE "block" (
  "number" BIGINT PRIMARY KEY,
  "hash" TEXT NOT NULL,
  "time" BIGINT NOT NULL,
  "bytes" BYTEA NOT NULL,
  "codes" TEXT[] NOT NULL,
  "signature" TEXT NOT NULL
);

CREATE TABLE "transaction" (
  "id" TEXT PRIMARY KEY,
  "block" BIGINT NOT NULL,
  "index" INTEGER NOT NULL,
  "code" TEXT NOT NULL
);

-- Keys are compared bytewise, as on every member.
CREATE TABLE "state" (
  "key" TEXT COLLATE "C" PRIMARY KEY,
  "value" BYTEA NOT NULL,
  "block" BIGINT NOT NULL,
  "index" INTEGER NOT NULL
);
