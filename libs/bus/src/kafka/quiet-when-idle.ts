import { createRequire } from 'node:module';

/** What kafkajs 2.2.4 keeps for each connection, as far as it is looked at here. */
interface RequestQueue {
  /** requests that wait until a broker's throttling is over */
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const require = createRequire(import.meta.url);
const { prototype: queue } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
const schedule = queue.scheduleCheckPendingRequests;

/**
 * Connections on which nothing waits are left alone. The library looks at each again every millisecond, for ever, with a timer of a negative
 * delay (tulios/kafkajs#1704, which its maintainers have left open): an institution has some seventy.
 */
queue.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0) schedule.call(this);
};
