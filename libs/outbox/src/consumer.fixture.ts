// A role in a process of its own: relays its outbox, consumes the topic through its inbox, and dies at some effect.
import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import { openDatabase, openListener } from '@medshare/database';
import { Inbox, startRelay } from './index.js';

const [url = '', dieAt = '0'] = process.argv.slice(2);
const notify = openListener(url);
const db = openDatabase({ url, schema: 'vault', max: 6 });
const bus = await openPostgresLog({ url, listener: notify, pollEvery: 100 });
const inbox = new Inbox({ database: db });
startRelay({ db, bus, notify, pollEvery: 100, batch: 50 });
let effects = 0;
await bus.subscribe({
  group: 'vault',
  topic: 'record.sealed',
  handler: (message) =>
    inbox.consume(message, async (tx) => {
      await tx.query('INSERT INTO effect (key, n) VALUES ($1, $2)', [message.key, (message.value as { n: number }).n]);
      // inside the transaction: the effect is written and not yet committed
      if (++effects === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
    }),
});
process.stdout.write('ready\n');
