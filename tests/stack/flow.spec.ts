import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { configFile, foundDemo } from '@medshare/app/found/found-demo';
import { recordFlow } from '../flow/record-flow.js';
import { until } from '../harness/demo.js';
import { spansOf, type TracesBody } from '../harness/trace-collector.js';
import { institutionsFolder } from './found-institutions.js';
import { get } from './get.js';
import { runningStack } from './running-stack.js';
import { tracesFile } from './servers/collector.js';
import { institutions } from './stack.js';

const stack = await runningStack();
const data = institutionsFolder(stack.places.state);
const { basePort } = stack.places;

const prometheus = async (path: string): Promise<unknown> => {
  const { status, body } = await get(`http://127.0.0.1:${stack.ports.prometheus}/api/v1/${path}`);
  expect(status).toBe(200);
  return (JSON.parse(body) as { data: unknown }).data;
};
const query = async (text: string) =>
  ((await prometheus(`query?query=${encodeURIComponent(text)}`)) as { result: { metric: Record<string, string> }[] })
    .result;

// the suite of the embedded drivers, with nothing but the configuration different
recordFlow('on the servers that operators run', { data, portBase: basePort }, () => {
  it('is of a configuration that differs from the embedded one in nothing but what names a driver', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'medshare-embedded-'));
    await chmod(folder, 0o711);
    await foundDemo(folder, basePort, 'intl', () => undefined);
    const configOf = async (from: string, id: string) =>
      parse(await readFile(configFile(from, id), 'utf8')) as Record<string, unknown>;
    for (const id of institutions) {
      const [embedded, turned] = [await configOf(folder, id), await configOf(data, id)];
      const sections = [...new Set([...Object.keys(embedded), ...Object.keys(turned)])];
      const different = sections.filter((name) => JSON.stringify(embedded[name]) !== JSON.stringify(turned[name]));
      const store = id === 'harbor' ? 'ipfs' : 's3';
      expect(different.sort()).toEqual(['blobs', 'bus', 'database', 'identity', store, 'kafka', 'telemetry'].sort());
      expect(turned).toMatchObject({
        blobs: expect.stringMatching(`^${store}:`) as string,
        bus: expect.stringMatching('^kafka:') as string,
        database: { url: expect.stringContaining('sslmode=verify-full') as string },
        identity: { driver: 'keycloak' },
        kafka: { tls: {}, sasl: { mechanism: 'scram-sha-512' } },
      });
    }
    await rm(folder, { recursive: true });
  }, 60_000);

  it('is told to the OpenTelemetry collector, a trace through every role of the owner', async () => {
    const wanted = [
      'receive',
      'process record.received',
      'process record.classified',
      'process record.sealed',
      'anchor',
    ];
    await until(
      'a whole trace in the collector’s file',
      async () => {
        const lines = (await readFile(tracesFile(stack), 'utf8')).trimEnd().split('\n');
        const spans = lines.flatMap((line) => spansOf(JSON.parse(line) as TracesBody));
        const names = new Map<string, Set<string>>();
        for (const { traceId, name } of spans) names.set(traceId, (names.get(traceId) ?? new Set()).add(name));
        return [...names.values()].some((one) => wanted.every((name) => one.has(name)));
      },
      60_000,
    );
  }, 90_000);

  it('is scraped by Prometheus at every institution, beside the servers, and its alert rules can be judged', async () => {
    const jobs = ['medshare', 'keycloak', 'kubo', 'collector', 'prometheus'];
    await until(
      'every target is up',
      async () => {
        const up = (await query('up == 1')).map(({ metric }) => metric['job']);
        const count = (job: string) => up.filter((one) => one === job).length;
        return count('medshare') === institutions.length && jobs.every((job) => count(job) > 0);
      },
      60_000,
    );
    const accepted = await query('sum(medshare_ingest_accepted_total{job="medshare"}) > 0');
    expect(accepted).toHaveLength(1);
    const { groups } = (await prometheus('rules')) as { groups: { rules: { name: string; lastError?: string }[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ lastError }) => lastError)).toEqual([]);
  }, 90_000);
});
