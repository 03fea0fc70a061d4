export type { Bus, BusMessage, Delivery, Lag, MessageHandler, SubscribeOptions, Subscription } from './bus.port.js';
export { IntakeFirst, intakeFirst } from './intake-first.js';
export {
  encodeMessage,
  decodeMessage,
  MAX_BATCH,
  MAX_VALUE_BYTES,
  partitionOf,
  type EncodedMessage,
} from './message.js';
export { BusContext, BusExceptionFilter, BusServer } from './nest-transport.js';
