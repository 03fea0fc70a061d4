-- Pages are read by position; both numbers only rise, so that these indexes grow at one end.
CREATE UNIQUE INDEX "message_position" ON "message" ("position");
CREATE UNIQUE INDEX "refusal_position" ON "refusal" ("position");

-- Other identifiers of a patient than the one that names the stream: a merge may name the patient by any of them.
CREATE TABLE "patient_alias" (
  "identifier" TEXT NOT NULL,
  "patient_key" TEXT NOT NULL,
  PRIMARY KEY ("identifier", "patient_key")
);
