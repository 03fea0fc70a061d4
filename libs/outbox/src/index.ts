export type { ParkedEvent } from './inbox-store.js';
export { Inbox, isTransient, type ConsumeOptions, type Effect, type InboxOptions } from './inbox.js';
export { outboxMigrations, payloadMigrations } from './migrations.js';
export { Outbox, outboxChannel } from './outbox.js';
export {
  getPayload,
  MAX_PAYLOAD_BYTES,
  PAYLOAD_CHUNK_BYTES,
  putPayload,
  putPayloads,
  removePayloadsBefore,
} from './payloads.js';
export { startRelay, type Relay, type RelayOptions } from './relay.js';
