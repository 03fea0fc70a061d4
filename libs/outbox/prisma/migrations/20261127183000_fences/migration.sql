-- An event that holds several keys together has one half in the stream of each; the halves that came wait here for the others.
ALTER TABLE "inbox_parked" ADD COLUMN "fence" TEXT;
ALTER TABLE "inbox_parked" DROP CONSTRAINT "inbox_parked_state_check";
ALTER TABLE "inbox_parked" ADD CONSTRAINT "inbox_parked_state_check" CHECK ("state" IN ('parked', 'replaying', 'waiting'));
CREATE INDEX "inbox_parked_fence" ON "inbox_parked" ("consumer", "fence") WHERE "fence" IS NOT NULL;
CREATE INDEX "inbox_parked_id" ON "inbox_parked" ("id");
CREATE INDEX "inbox_skipped_id" ON "inbox_skipped" ("id");
