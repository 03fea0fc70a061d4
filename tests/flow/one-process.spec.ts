import { readFile } from 'node:fs/promises';
import { commandsFlow } from './commands-flow.js';
import { mergeFlow } from './merge-flow.js';
import { peerExamplesFlow } from './peer-examples-flow.js';
import { recordFlow } from './record-flow.js';

/** Series that only come with what does not happen here: a refusal, a flood of connections, MLLP over TLS. */
const occasional = /_refused_total$|_mllp_dropped_total$|_mllp_certificate_expires$/;

recordFlow('three institutions in one process, suite sm', { suite: 'sm' }, (demoOf) => {
  it('shows every series that alerts are made of', async () => {
    const rules = await readFile('deploy/observability/alert-rules.yaml', 'utf8');
    const used = new Set([...rules.matchAll(/\bmedshare_\w+/g)].map(([name]) => name));
    const page = await (await fetch(`${demoOf().institutions.harbor!.httpUrl}/metrics`)).text();
    const shown = new Set([...page.matchAll(/^medshare_\w+/gm)].map(([name]) => name));
    expect([...used].filter((name) => !shown.has(name) && !occasional.test(name))).toEqual([]);
  });
  mergeFlow(demoOf);
  commandsFlow(demoOf);
  peerExamplesFlow(demoOf);
});
