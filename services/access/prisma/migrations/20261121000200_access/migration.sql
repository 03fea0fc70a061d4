CREATE TABLE "ask" (
  "id" UUID PRIMARY KEY,
  "requester" TEXT NOT NULL,
  "person" TEXT NOT NULL,
  "purpose" TEXT NOT NULL,
  "relation" TEXT NOT NULL,
  "decided_at" TIMESTAMPTZ NOT NULL,
  "answer" JSONB NOT NULL
);

CREATE TABLE "receipt" (
  "id" UUID PRIMARY KEY,
  "ask_id" UUID NOT NULL REFERENCES "ask" ("id"),
  "time" TIMESTAMPTZ NOT NULL,
  "outcome" TEXT NOT NULL,
  "body" JSONB NOT NULL
);

CREATE TABLE "proposal" (
  "deal_commitment" TEXT PRIMARY KEY,
  "ask_id" UUID NOT NULL REFERENCES "ask" ("id"),
  "deal_id" TEXT NOT NULL,
  "salt" TEXT NOT NULL,
  "class" TEXT NOT NULL
);

CREATE TABLE "notice" (
  "request_id" TEXT PRIMARY KEY,
  "deal_id" TEXT NOT NULL,
  "salt" TEXT NOT NULL,
  "class" TEXT NOT NULL,
  "relation" TEXT NOT NULL,
  "leaves" TEXT[] NOT NULL,
  "state" TEXT NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "notice_state" ON "notice" ("state", "expires_at");

CREATE TABLE "certificate" (
  "public_key" TEXT PRIMARY KEY,
  "person" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "roles" TEXT[] NOT NULL,
  "not_after" TIMESTAMPTZ NOT NULL,
  "body" JSONB NOT NULL
);
CREATE INDEX "certificate_person" ON "certificate" ("person");
