// A role in a process of its own: relays its outbox, consumes a topic through its inbox, and mends what is parked as it is told.
import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import { openDatabase, openListener } from '@medshare/database';
import { Inbox, startRelay } from '@medshare/outbox';
import { effectOf } from './mend-effects.js';

const [url = '', deed = '', id = ''] = process.argv.slice(2);
const notify = openListener(url);
const database = openDatabase({ url, schema: 'vault', max: 6 });
const bus = await openPostgresLog({ url, listener: notify, pollEvery: 100 });
const inbox = new Inbox({ database, attempts: 1 });
startRelay({ db: database, bus, notify, pollEvery: 100 });
await bus.subscribe({
  group: 'vault',
  topic: 'record.sealed',
  handler: (message) => inbox.consume(message, effectOf(message)),
});
if (deed === 'replay') await inbox.parked.replay(id);
else await inbox.parked.skip(id, 'a duplicate of the paper record');
process.stdout.write('mended\n');
