export { fenced, fenceOf, MAX_FENCE_KEYS, othersFenced, type Fence } from './fence.js';
export { databaseTime, ON_ITS_WAY_MS, readHeld, tellHeld, type Held } from './held.js';
export { Inbox, isTransient, type ConsumeOptions, type Effect, type InboxOptions } from './inbox.js';
export { parkedStates, type ParkedState } from './inbox-store.js';
export { outboxMigrations, payloadMigrations } from './migrations.js';
export { Outbox, outboxChannel } from './outbox.js';
export { outboxFigures, type OutboxFigures } from './outbox-figures.js';
export type {
  Also,
  EventState,
  ParkedEvent,
  ParkedEvents,
  ParkedFigures,
  ParkedFilter,
  ParkedStream,
} from './parked-events.js';
export {
  getPayload,
  MAX_PAYLOAD_BYTES,
  PAYLOAD_CHUNK_BYTES,
  putPayload,
  putPayloads,
  storingPayloads,
  removePayloadsBefore,
} from './payloads.js';
export { backoffOf, Rounds, type RoundsOptions } from './rounds.js';
export { startRelay, type Relay, type RelayOptions } from './relay.js';
