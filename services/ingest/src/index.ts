export { assembleIngest, type Ingest, type IngestParts } from './assemble-ingest.js';
export { feedSettings, ingestSettings, mllpSettings, type Feed, type IngestSettings } from './ingest.config.js';
export type { RecordHeader } from './map-message.js';
export { IngestModule } from './ingest.module.js';
