// A consumer in a process of its own: appends what it handled to a file and is killed at some point.
import { appendFileSync } from 'node:fs';
import { openPostgresLog } from './postgres-log.driver.js';

const [url = '', file = '', killAfter = '0'] = process.argv.slice(2);
const bus = await openPostgresLog({ url, pollEvery: 100 });
let handled = 0;
await bus.subscribe({
  group: 'g',
  topic: 'crash',
  handler: (message) => {
    appendFileSync(file, `${message.key} ${(message.value as { n: number }).n}\n`);
    if (++handled === Number(killAfter)) process.kill(process.pid, 'SIGKILL');
    return Promise.resolve();
  },
});
process.stdout.write('subscribed\n');
