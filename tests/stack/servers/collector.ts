import { mkdir, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { whyNot200 } from '../get.js';
import { folderOf } from '../install.js';
import { buildHere } from '../packages/go.js';
import type { Launch, Package, StackServer } from '../server.js';
import type { Stack } from '../stack.js';

const sources = resolve(import.meta.dirname, '../packages/otelcol');
const release = '0.161.0';
/** Which sources it was built of is part of its version, so that a changed one is built again. */
const digest = createHash('sha256')
  .update(readFileSync(join(sources, 'go.sum')))
  .update(readFileSync(join(sources, 'main.go')))
  .digest('hex')
  .slice(0, 8);

const collectorPackage: Package = {
  name: 'otelcol',
  version: `${release}-${digest}`,
  install: (folder) => buildHere(sources, join(folder, 'otelcol')),
};

const folder = ({ places }: Stack): string => join(places.state, 'collector');
/** What came, a JSON line a batch (OTLP's JSON form). */
export const tracesFile = (stack: Stack): string => join(folder(stack), 'traces.jsonl');

/** The OpenTelemetry collector: OTLP over HTTP in, a file out. */
export function collector(stack: Stack): StackServer {
  const { health } = stack.ports.collector;
  return {
    name: 'collector',
    version: release,
    package: collectorPackage,
    after: [],
    ports: stack.ports.collector,
    patience: 60_000,
    prepare: () => prepare(stack),
    whyNot: () => whyNot200(`http://127.0.0.1:${health}/`),
  };
}

async function prepare(stack: Stack): Promise<Launch> {
  const { otlp, health, metrics } = stack.ports.collector;
  await mkdir(folder(stack), { recursive: true, mode: 0o700 });
  const config = {
    extensions: { health_check: { endpoint: `127.0.0.1:${health}` } },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
    processors: { batch: { timeout: '1s' } },
    exporters: {
      file: { path: tracesFile(stack), rotation: { max_megabytes: 100, max_backups: 2 }, flush_interval: '1s' },
    },
    service: {
      extensions: ['health_check'],
      pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['file'] } },
      telemetry: {
        metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: metrics } } } }] },
      },
    },
  };
  const path = join(folder(stack), 'config.yaml');
  await writeFile(path, stringify(config));
  return {
    command: join(folderOf(stack.places.cache, collectorPackage), 'otelcol'),
    args: ['--config', `file:${path}`],
  };
}
