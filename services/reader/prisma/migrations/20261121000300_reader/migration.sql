CREATE TABLE "ask" (
  "id" UUID PRIMARY KEY,
  "state" TEXT NOT NULL,
  "username" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "reader_key" BYTEA,
  "sealed" BYTEA,
  "answer" JSONB,
  "expires_at" TIMESTAMPTZ NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "ask_state" ON "ask" ("state", "expires_at");

CREATE TABLE "request" (
  "id" TEXT PRIMARY KEY,
  "ask_id" UUID NOT NULL REFERENCES "ask" ("id"),
  "owner" TEXT NOT NULL,
  "class" TEXT NOT NULL,
  "deal" JSONB NOT NULL,
  "salt" TEXT NOT NULL,
  "body" JSONB NOT NULL,
  "submitted" BOOLEAN NOT NULL DEFAULT FALSE,
  "state" TEXT NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "request_ask" ON "request" ("ask_id");

CREATE TABLE "opened" (
  "bundle" UUID PRIMARY KEY,
  "ask_id" UUID NOT NULL,
  "request_id" TEXT NOT NULL,
  "owner" TEXT NOT NULL,
  "record" UUID NOT NULL,
  "section" UUID NOT NULL,
  "class" TEXT NOT NULL,
  "digest" TEXT NOT NULL,
  "bytes" BYTEA NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX "opened_section" ON "opened" ("ask_id", "section");
CREATE INDEX "opened_expires" ON "opened" ("expires_at");
