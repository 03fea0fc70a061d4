-- What a record does not hold of its message: reasons and positions, never content.
CREATE TABLE "loss" (
  "message_id" UUID NOT NULL PRIMARY KEY,
  "mapping" TEXT NOT NULL,
  "issues" TEXT[] NOT NULL
);
