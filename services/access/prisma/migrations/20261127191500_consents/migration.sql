-- Versions of patients' consents, never changed. The patient stands here as an HMAC only; the resource is sealed under a wrapped key.
CREATE TABLE "consent_version" (
  "consent_id" UUID NOT NULL,
  "version" INTEGER NOT NULL,
  "patient" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "commitment" TEXT NOT NULL UNIQUE,
  "previous" TEXT,
  "salt" TEXT NOT NULL,
  "digest" TEXT NOT NULL,
  "recorded_at" BIGINT NOT NULL,
  "recorded_by" TEXT NOT NULL,
  "wrapped" BYTEA NOT NULL,
  "sealed" BYTEA NOT NULL,
  PRIMARY KEY ("consent_id", "version")
);
CREATE INDEX "consent_version_patient" ON "consent_version" ("patient", "recorded_at");

-- Every version of the access policy that ever decided here, by its hash.
CREATE TABLE "policy_version" (
  "hash" TEXT PRIMARY KEY,
  "body" JSONB NOT NULL,
  "first_used_at" TIMESTAMPTZ NOT NULL
);

-- What else a decision rested on; absent for decisions of earlier releases.
ALTER TABLE "receipt" ADD COLUMN "inputs" JSONB;
-- What was asked as it was signed, so that what it led to can be withdrawn.
ALTER TABLE "ask" ADD COLUMN "envelope" JSONB;
ALTER TABLE "proposal" ADD COLUMN "patient" TEXT;
ALTER TABLE "proposal" ADD COLUMN "level" INTEGER;
ALTER TABLE "proposal" ADD COLUMN "request" JSONB;
ALTER TABLE "proposal" ADD COLUMN "expires_at" TIMESTAMPTZ;
ALTER TABLE "proposal" ADD COLUMN "withdrawn_at" TIMESTAMPTZ;
CREATE INDEX "proposal_patient" ON "proposal" ("patient", "expires_at") WHERE "withdrawn_at" IS NULL;
