-- The institution's copy of its channel on Hyperledger Fabric, as its own peer tells it. Blocks are exact; the rest follows from them.
CREATE TABLE "fabric_block" (
  "number" BIGINT PRIMARY KEY,
  "hash" TEXT NOT NULL,
  -- common.Block
  "bytes" BYTEA NOT NULL,
  -- the peer's verdict on each transaction: protos.TxValidationCode
  "codes" INTEGER[] NOT NULL,
  -- by the institution's ledger key, over number, hash and codes
  "signature" TEXT NOT NULL
);

-- The first verdict on each transaction of the chaincode.
CREATE TABLE "fabric_transaction" (
  "id" TEXT PRIMARY KEY,
  "block" BIGINT NOT NULL,
  "index" INTEGER NOT NULL,
  "code" INTEGER NOT NULL
);

-- Keys are compared bytewise, as on every peer.
CREATE TABLE "fabric_state" (
  "key" TEXT COLLATE "C" PRIMARY KEY,
  "value" BYTEA NOT NULL,
  "block" BIGINT NOT NULL,
  "index" INTEGER NOT NULL
);

-- Signed transactions whose commit has not been seen: they go to the ordering service again until it is.
CREATE TABLE "fabric_kept" (
  "id" TEXT PRIMARY KEY,
  -- gateway.PreparedTransaction, and the client's signature over its payload
  "bytes" BYTEA NOT NULL,
  "signature" BYTEA NOT NULL,
  "kept_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  "brought_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  "refusals" INTEGER NOT NULL DEFAULT 0
);
