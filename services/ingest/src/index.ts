export { assembleIngest, type Ingest, type IngestParts } from './assemble-ingest.js';
export { checkIngest } from './check-ingest.js';
export { MllpServer } from './entry/mllp-server.js';
export { feedSettings, ingestSettings, mllpSettings, type Feed, type IngestSettings } from './ingest.config.js';
export { IngestModule } from './ingest.module.js';
export type { RecordHeader } from './map-message.js';
