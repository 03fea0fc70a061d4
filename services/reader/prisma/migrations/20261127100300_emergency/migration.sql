-- An emergency's request that is decided by signed approvals while the chain is away.
ALTER TABLE "request" ADD COLUMN "away" BOOLEAN NOT NULL DEFAULT FALSE;
