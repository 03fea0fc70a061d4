import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '@medshare/problems';
import type { MetricsRegistry } from '@medshare/telemetry';
import type { Config } from '../config.js';
import { root } from './files.js';
import { secretOf } from './setting-files.js';

const headerLine = /^\s*([A-Za-z0-9-]+)\s*:\s*(.*\S)\s*$/;

/** Begins to trace when the configuration names a collector; else not even its code is loaded. @returns what ends it */
export async function openTracing(config: Config, metrics: MetricsRegistry): Promise<() => Promise<void>> {
  const { endpoint, headersFile, samplingRatio } = config.telemetry;
  if (endpoint === undefined) return () => Promise.resolve();
  const spans = metrics.forRole('telemetry').counter('telemetry_spans', 'Spans, by what became of them.', {
    outcome: ['sent', 'lost'],
  });
  const { startTracing } = await import('@medshare/telemetry/start-tracing');
  return startTracing({
    institution: config.institution,
    region: config.region,
    version: (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    endpoint,
    headers: headersFile === undefined ? {} : readHeaders(headersFile),
    samplingRatio,
    onExport: (count, taken) => spans.add(count, { outcome: taken ? 'sent' : 'lost' }),
  });
}

/** A `name: value` a line, `#` begins a comment. @throws Problem config.invalid, which never quotes the file */
export function readHeaders(file: string): Record<string, string> {
  const invalid = (detail: string) => problem('config.invalid', { where: 'telemetry.headersFile', detail });
  const lines = secretOf('telemetry.headersFile', file)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return Object.fromEntries(
    lines.map((line, index) => {
      const [, name, value] = headerLine.exec(line) ?? [];
      if (name === undefined || value === undefined) throw invalid(`line ${index + 1} is no \`name: value\``);
      return [name, value];
    }),
  );
}
