-- Stores many payloads. The bytes of all chunks come as one value, cut by start and length: an array of values would travel as text.
CREATE FUNCTION "put_payloads"(refs UUID[], sizes BIGINT[], counts INTEGER[], chunk_refs UUID[], ns INTEGER[], starts INTEGER[], lengths INTEGER[], all_bytes BYTEA)
RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO transit.payload (ref, size, chunks) SELECT * FROM unnest(refs, sizes, counts);
  INSERT INTO transit.payload_chunk (ref, n, bytes)
    SELECT c.ref, c.n, substring(all_bytes FROM c.start FOR c.len) FROM unnest(chunk_refs, ns, starts, lengths) AS c(ref, n, start, len);
END $$;
