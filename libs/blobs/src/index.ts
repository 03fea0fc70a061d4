export type { Blobs, StoredBlob } from './blobs.port.js';
export { readCopies } from './read-copies.js';
