export { batchLeaves, batchRoot } from './batch-root.js';
export { chaincode } from './chaincode.js';
export { encodeDocument, decodeDocument } from './documents.js';
export { keys, endOf } from './keys.js';
export { readRequest, type RequestEntry } from './read-request.js';
export { refusals, type Refusal } from './refusal.js';
export type { Chaincode, ChaincodeEvent, ChaincodeFunction, Context, Entry, Json, State } from './state.js';
