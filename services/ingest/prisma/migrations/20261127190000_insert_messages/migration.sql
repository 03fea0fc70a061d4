-- Positions follow the order of the rows. A key and variant that exist already are a unique violation.
CREATE FUNCTION "insert_messages"(ids UUID[], kinds TEXT[], feeds TEXT[], keys TEXT[], variants TEXT[], contents TEXT[], patient_keys TEXT[], sizes INTEGER[], payloads UUID[], at TIMESTAMPTZ)
RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO message (id, kind, feed, key, variant, content, patient_key, size, payload, received_at)
    SELECT m.id, m.kind, m.feed, m.key, m.variant, m.content, m.patient_key, m.size, m.payload, at
    FROM unnest(ids, kinds, feeds, keys, variants, contents, patient_keys, sizes, payloads)
      WITH ORDINALITY AS m(id, kind, feed, key, variant, content, patient_key, size, payload, n)
    ORDER BY n;
END $$;
