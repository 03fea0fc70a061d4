/** An event on its way between roles of one institution. Carries references, never a patient's plaintext. */
export interface BusMessage {
  /** unique; what consumers remember to do a thing once */
  readonly id: string;
  readonly topic: string;
  /** messages of one key keep their order */
  readonly key: string;
  readonly headers: Record<string, string>;
  /** JSON, up to 64 KiB */
  readonly value: unknown;
}

export interface Delivery {
  readonly partition: number;
  readonly offset: number;
  /** 1 on the first delivery; grows while the handler rejects */
  readonly attempt: number;
}

export type MessageHandler = (message: BusMessage, delivery: Delivery) => Promise<void>;

export interface SubscribeOptions {
  /** consumers of one group share the partitions; each group gets every message */
  readonly group: string;
  readonly topic: string;
  /** A rejection is tried again with back-off, for ever, and holds up its partition: a consumer parks what it cannot do. */
  readonly handler: MessageHandler;
  /** most messages between two notes of progress (what a crash repeats); default 100 */
  readonly batch?: number;
  /** messages of different keys handled at once in a partition; default 1. For a handler that does many for little more than one */
  readonly atOnce?: number;
}

export interface Subscription {
  /** Resolves when no handler of this subscription runs any more. */
  close(): Promise<void>;
}

export interface Lag {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** messages not done yet */
  readonly lag: number;
}

/** At least once, in order of each key; a new group starts with the oldest message kept. */
export interface Bus {
  /**
   * Resolves when durable; then nothing is lost. After a rejection none or all of them may have been published.
   * @throws Problem `request.too-large` or `event.invalid` for a message that no driver takes, `bus.unavailable`
   */
  publish(messages: readonly BusMessage[]): Promise<void>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  lag(): Promise<Lag[]>;
  close(): Promise<void>;
}
