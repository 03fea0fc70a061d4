-- Refused anchors are counted every few seconds; there are few of them among many.
CREATE INDEX "anchor_refused" ON "anchor" ("sequence") WHERE "state" = 'refused';
