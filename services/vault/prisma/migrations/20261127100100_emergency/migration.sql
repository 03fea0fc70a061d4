-- Emergencies that this custodian answered while the chain was away: what its limits count.
CREATE TABLE "emergency" (
  "request_id" TEXT NOT NULL,
  "leaf" TEXT NOT NULL,
  "ask_id" UUID NOT NULL,
  "institution" TEXT NOT NULL,
  "person" TEXT NOT NULL,
  "first_at" TIMESTAMPTZ NOT NULL,
  "releases" INT NOT NULL,
  PRIMARY KEY ("request_id", "leaf")
);
CREATE INDEX "emergency_recent" ON "emergency" ("institution", "first_at");

-- What left then, as it is to stand on the chain.
CREATE TABLE "emergency_release" (
  -- salted leaf hash of the audit entry
  "entry" TEXT PRIMARY KEY,
  "request_id" TEXT NOT NULL,
  "released_at" TIMESTAMPTZ NOT NULL,
  "body" JSONB NOT NULL
);
