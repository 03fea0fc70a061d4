-- Sorted, so that two writers never wait in a ring.
CREATE FUNCTION "insert_aliases"("identifiers" TEXT[], "keys" TEXT[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO patient_alias (identifier, patient_key)
  SELECT DISTINCT identifier, patient_key FROM unnest(identifiers, keys) AS a (identifier, patient_key)
  ORDER BY identifier, patient_key ON CONFLICT DO NOTHING
$$;
