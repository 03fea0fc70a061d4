import type { Amendment } from '@medshare/events/chain';
import { suite } from '@medshare/crypto';
import type { Json } from '@medshare/chaincode-region';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { UsageError, type Outcome, type Surroundings } from '../commands/outcome.js';
import { loadConfig, type Config } from '../config.js';
import { openKeys } from '../drivers.js';
import { urlOf } from './database-urls.js';
import { fabricAccess } from './fabric-access.js';
import { withDatabase } from './open-database.js';
import { readRegion, readSigningKey } from './secrets.js';

/** Submits an amendment as our institution, under the document that is in force; our services may run meanwhile. */
export async function amendRegion(
  file: string,
  { region, signatures }: Amendment,
  { env, terminal }: Surroundings,
): Promise<Outcome> {
  const config = loadConfig(file, env);
  if (!config.ledger.startsWith('fabric:'))
    throw new UsageError('the members of an embedded ledger are those that founded it');
  return withDatabase(config, (reached) => submit(reached, { region, signatures }, terminal));
}

async function submit(
  config: Config,
  { region, signatures }: Amendment,
  terminal: Surroundings['terminal'],
): Promise<Outcome> {
  const present = await readRegion(config.data);
  const { privateKey } = await readSigningKey(suite(present.suite), config.data, 'ledger', await openKeys(config));
  const ledger = await openFabricLedger({
    institution: config.institution,
    region: present,
    privateKey,
    url: urlOf(config, 'chain'),
    access: fabricAccess(config, present),
    onTrouble: ({ code, where, detail = '' }) => terminal.notice(`${code}: ${where}: ${detail}`),
  });
  try {
    const said = signatures.map(({ institution, signature }) => ({ institution, signature }));
    const { block } = await ledger.submit('amend', { region, signatures: said } as unknown as Json);
    const members = region.members.map(({ id }) => id);
    return {
      document: { block, members },
      text: `amended in block ${block}: ${members.join(', ')}. Each goes on with \`medshare region adopt\` and a start.`,
    };
  } finally {
    await ledger.close();
  }
}
