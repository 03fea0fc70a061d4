import type { BusMessage, Delivery, MessageHandler } from './bus.port.js';

/** A message at its place in a partition. */
export interface PlacedMessage {
  readonly offset: number;
  readonly message: BusMessage;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 30_000;

/** Back-off of a failing message: 100 ms, doubled up to 30 s. */
export const retryDelay = (attempts: number): number =>
  Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS);

/** Cuts messages into runs in which no key stands twice. */
export function* apart(messages: readonly PlacedMessage[], most: number): Generator<PlacedMessage[]> {
  let group: PlacedMessage[] = [];
  const keys = new Set<string>();
  for (const each of messages) {
    if (group.length >= most || keys.has(each.message.key)) {
      yield group;
      group = [];
      keys.clear();
    }
    group.push(each);
    keys.add(each.message.key);
  }
  if (group.length > 0) yield group;
}

/**
 * Gives a run of messages of different keys to the handler, all at once.
 * @param attempts how often the first of them failed before
 * @returns the first delivery that failed: those behind it are made again, which consumers bear
 */
export const handOver = async (
  group: readonly PlacedMessage[],
  { handler, partition, attempts }: { handler: MessageHandler; partition: number; attempts: number },
): Promise<Delivery | undefined> => {
  const deliveries = group.map(({ offset }, i) => ({ partition, offset, attempt: i === 0 ? attempts + 1 : 1 }));
  const handled = await Promise.allSettled(
    group.map(async ({ message }, i) => handler(message, deliveries[i] as Delivery)),
  );
  const failed = handled.findIndex(({ status }) => status === 'rejected');
  return deliveries[failed];
};
