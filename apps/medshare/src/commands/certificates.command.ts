import type { Command } from 'commander';
import { systemClock } from '@medshare/clock';
import { loadConfig } from '../config.js';
import type { CertificateList } from '../run/list-certificates.js';
import { table } from '../terminal/table.js';
import { configOption } from './config.command.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

export function addCertificates(program: Command, run: Run): void {
  addCommand(
    program,
    'certificates',
    'List every certificate that the institution works with and when it ends, the first to end first: those in its files and, on Hyperledger Fabric, those of the channel, its orderers and the own peer. Ends with 1 when one has under 7 days left, or could not be looked at.',
    ['medshare certificates --config /etc/medshare/harbor.yaml', 'medshare certificates --config harbor.yaml --json'],
  )
    .requiredOption(...configOption)
    .action(({ config }: { config: string }, self: Command) => run(self, (within) => list(config, within)));
}

async function list(file: string, { env, terminal }: Surroundings): Promise<Outcome> {
  const [{ listCertificates, nearness }, { readRegion }] = await Promise.all([
    import('../run/list-certificates.js'),
    import('../run/secrets.js'),
  ]);
  const config = loadConfig(file, env);
  const now = systemClock.now();
  const found: CertificateList = await listCertificates(config, await readRegion(config.data));
  const certificates = [...found.certificates]
    .sort((a, b) => a.expiresAt - b.expiresAt)
    .map((one) => ({
      ...one,
      expiresAt: new Date(one.expiresAt).toISOString(),
      ends: nearness(one.expiresAt, now),
    }));
  const unread = found.unread.map(({ code, where, detail }) => ({ code, where, detail }));
  const urgent = certificates.some(({ ends }) => ends === '7 days' || ends === 'expired');
  const rows = certificates.map(({ ends, expiresAt, kind, of, from }) => [
    ends === 'valid' || ends === 'expired' ? ends : `within ${ends}`,
    expiresAt.slice(0, 10),
    kind,
    of,
    from,
  ]);
  const lines = unread.map(({ code, where, detail }) => `not looked at: ${where ?? ''} (${code}) ${detail ?? ''}`);
  const text = [table([['ends', 'on', 'kind', 'of', 'from'], ...rows], { columns: terminal.columns }), ...lines];
  return { document: { certificates, unread }, text: text.join('\n'), refused: urgent || unread.length > 0 };
}
