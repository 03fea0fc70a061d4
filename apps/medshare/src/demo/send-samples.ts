import { systemClock } from '@medshare/clock';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problem } from '@medshare/problems';
import { sendNamed } from '../commands/send.command.js';
import type { Surroundings } from '../commands/outcome.js';
import { root } from '../run/files.js';
import type { SendReport } from '../send/send-report.js';
import { cast } from './cast.js';
import { laterResult } from './later-result.js';

/** Sends samples/ as the hospitals that they name would. @throws Problem when one is refused */
export const sendSamples = (data: string, within: Surroundings): Promise<SendReport> =>
  accepted(sendNamed([join(root, 'samples')], { data, connections: 2 }, within));

/** Sends one more result of the same stay. */
export async function sendLaterResult(data: string, within: Surroundings): Promise<SendReport> {
  const folder = await mkdtemp(join(tmpdir(), 'medshare-demo-'));
  try {
    const file = join(folder, 'later.hl7');
    await writeFile(file, await laterResult(systemClock.now()), { mode: 0o600 });
    return await accepted(sendNamed([file], { data, connections: 1, institution: cast.source }, within));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function accepted(sending: Promise<SendReport>): Promise<SendReport> {
  const report = await sending;
  const [first] = report.refused;
  const why = first?.refusals[0];
  if (first && why)
    throw problem('peer.refused', { where: first.file, detail: `${why.code} ${why.where}: ${why.why}` });
  return report;
}

/** How many of the messages that an institution acknowledged it had seen before; read from its public metrics. */
export async function duplicatesAt(httpUrl: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', httpUrl))).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('medshare_ingest_accepted_total{') && line.includes('duplicate="yes"'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
