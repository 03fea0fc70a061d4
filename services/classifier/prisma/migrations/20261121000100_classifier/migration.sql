-- Labels that rest on free text alone, and what could not be looked into: a person should look. Places and rules only, never content.
CREATE TABLE "review" (
  "record_id" UUID NOT NULL,
  "position" INT NOT NULL,
  "path" TEXT NOT NULL,
  -- the sensitivity category, absent for an issue
  "category" TEXT,
  -- the rule, or the issue's code
  "rule" TEXT NOT NULL,
  "found_at" TIMESTAMPTZ NOT NULL,
  "reviewed_at" TIMESTAMPTZ,
  PRIMARY KEY ("record_id", "position")
);
