/** Nest injection tokens of what {@link IngestModule} binds. */
export const INGEST = Symbol('ingest');
export const INGEST_SETTINGS = Symbol('ingest settings');
