export type { Blobs, StoredBlob } from './blobs.port.js';
