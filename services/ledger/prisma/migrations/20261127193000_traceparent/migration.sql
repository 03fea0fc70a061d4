-- The trace that a waiting anchor belongs to (W3C Trace Context); nothing depends on it.
ALTER TABLE "anchor" ADD COLUMN "traceparent" TEXT;
