-- What each role last told that it still needs of what all share: payloads, their keys, events and ids. They are forgotten only while every
-- role has told lately that it needs nothing, whatever process each runs in.
CREATE TABLE "held" (
  "role" TEXT PRIMARY KEY,
  -- of the first event that is parked or does not reach the bus; null when there is none
  "oldest" TIMESTAMPTZ,
  -- by the database's clock, before the role looked
  "told_at" TIMESTAMPTZ NOT NULL
);
