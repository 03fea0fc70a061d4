import { encodeMessage, type BusMessage } from '@medshare/bus';
import { callAll, type Call, type Database, type Tx } from '@medshare/database';
import { currentTraceparent } from '@medshare/telemetry';

/** Events belong to the trace of the step that appends them; one that has its own, from before or of its own message, keeps it. */
export const withTrace = (messages: readonly BusMessage[]): readonly BusMessage[] => {
  const traceparent = currentTraceparent();
  if (traceparent === undefined) return messages;
  return messages.map((message) => ({ ...message, headers: { traceparent, ...message.headers } }));
};

/** channel of the outbox of one schema */
export const outboxChannel = (schema: string): string => `outbox_${schema}`;

const wakeCall: Call = { name: 'outbox_wake', args: [] };

/**
 * The events of a role, written with the state they speak of. Appends of one key wait for each other from append to commit, so
 * that their order in the table is the order of their commits: append last in a transaction.
 */
export class Outbox {
  #waking: Promise<unknown> | undefined;
  #again = false;

  /** @throws Problem `request.too-large` or `event.invalid`, as the bus would */
  async append(tx: Tx, messages: readonly BusMessage[]): Promise<void> {
    if (messages.length > 0) await callAll(tx, [this.appending(messages), wakeCall]);
  }

  /**
   * What `append` does, but for the wake, as a call to make together with others in one statement.
   * A wake inside makes commits wait for each other, for their notices are told in order; who commits often wakes after it.
   * @throws Problem `request.too-large` or `event.invalid`, as the bus would
   */
  appending(messages: readonly BusMessage[]): Call {
    const encoded = withTrace(messages).map(encodeMessage);
    const columns = ['id', 'topic', 'key', 'headers', 'value'] as const;
    return { name: 'outbox_append', args: columns.map((name) => encoded.map((message) => message[name])) };
  }

  /** Wakes the relays after a commit. Wakes that come while one is on its way become one; a lost one is made up for by polling. */
  wake(db: Database): void {
    if (this.#waking) {
      this.#again = true;
      return;
    }
    this.#waking = callAll(db, [wakeCall])
      .catch(() => undefined)
      .finally(() => {
        this.#waking = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.wake(db);
      });
  }
}
