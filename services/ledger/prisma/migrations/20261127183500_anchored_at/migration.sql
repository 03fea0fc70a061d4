-- When the block that holds the anchor was followed; unknown for those of an earlier release.
ALTER TABLE "anchor" ADD COLUMN "anchored_at" TIMESTAMPTZ;
