-- The bus as an append-only log: partitions of a topic are fixed when it is made, offsets of a partition have no gaps.
CREATE TABLE "topic" (
  "name" TEXT PRIMARY KEY,
  "partitions" INTEGER NOT NULL CHECK ("partitions" BETWEEN 1 AND 256)
);

CREATE TABLE "head" (
  "topic" TEXT NOT NULL REFERENCES "topic" ("name"),
  "part" INTEGER NOT NULL,
  "next" BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY ("topic", "part")
) WITH (fillfactor = 50);

CREATE TABLE "entry" (
  "topic" TEXT NOT NULL,
  "part" INTEGER NOT NULL,
  "off" BIGINT NOT NULL,
  "id" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "headers" TEXT NOT NULL,
  "value" TEXT NOT NULL,
  "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY ("topic", "part", "off")
);
CREATE INDEX "entry_at" ON "entry" USING brin ("at");

-- What a group has done of a partition; its row lock makes one consumer of the group the active one.
CREATE TABLE "cursor" (
  "grp" TEXT NOT NULL,
  "topic" TEXT NOT NULL REFERENCES "topic" ("name"),
  "part" INTEGER NOT NULL,
  "off" BIGINT NOT NULL DEFAULT 0,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "retry_at" TIMESTAMPTZ,
  PRIMARY KEY ("grp", "topic", "part")
) WITH (fillfactor = 50);

-- Offsets are taken under the head's row lock, which is held until commit: a reader that sees an offset has seen all below it.
-- Partitions are locked in one order, so that two publishers never wait for each other.
CREATE FUNCTION "append"(topics TEXT[], parts INTEGER[], ids TEXT[], keys TEXT[], headers TEXT[], vals TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  place RECORD;
  first BIGINT;
BEGIN
  FOR place IN SELECT t, p, count(*) AS n FROM unnest(topics, parts) AS u(t, p) GROUP BY t, p ORDER BY t, p LOOP
    UPDATE bus.head SET next = next + place.n WHERE topic = place.t AND part = place.p RETURNING next - place.n INTO STRICT first;
    INSERT INTO bus.entry (topic, part, off, id, key, headers, value)
      SELECT place.t, place.p, first + row_number() OVER (ORDER BY i) - 1, ids[i], keys[i], headers[i], vals[i]
      FROM generate_subscripts(ids, 1) AS i WHERE topics[i] = place.t AND parts[i] = place.p;
  END LOOP;
  PERFORM pg_notify('bus', '');
END $$;
