-- fsck asks for the names of one entry after the other
CREATE INDEX "entity_entry" ON "entity" ("entry_index");
