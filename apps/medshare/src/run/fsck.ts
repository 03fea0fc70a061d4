import { checkAudit } from '@medshare/audit-service';
import { checkpoint } from '@medshare/events';
import { checkIngest } from '@medshare/ingest-service';
import { checkLedger } from '@medshare/ledger-service';
import type { Finding, OnWalked, RoleContext, RoleName } from '@medshare/role';
import { checkVault } from '@medshare/vault-service';
import type { Config } from '../config.js';
import { assemble, type Assembled } from './assemble.js';
import { migrateAll } from './migrate.js';

export type InstitutionFinding = Finding & { institution: string };

/**
 * Walks one institution's tables, blobs, copy of the chain and audit log and names whatever does not agree. Reads only.
 * The institution may run at the same time; what is on its way is not a finding.
 * @param onWalked what it throws ends the walk
 */
export async function* fsck(config: Config, onWalked?: OnWalked): AsyncIterable<InstitutionFinding> {
  await migrateAll(config);
  const assembled = await assemble(config, { follow: false });
  try {
    for (const check of checksOf(assembled, onWalked)) {
      for await (const finding of check()) yield { institution: config.institution, ...finding };
    }
  } finally {
    await assembled.close();
  }
}

function* checksOf(assembled: Assembled, onWalked?: OnWalked): Generator<() => AsyncIterable<Finding>> {
  const context = (role: RoleName): RoleContext | undefined => assembled.contexts.get(role);
  const [ingest, vault, ledger, audit] = [context('ingest'), context('vault'), context('ledger'), context('audit')];
  const chain = assembled.ledger?.ledger;
  if (ingest) yield () => checkIngest(ingest);
  if (vault) {
    const stateAt = chain && (async (key: string) => parsed(await chain.get(key)));
    const anchorAt = stateAt && ((tag: string) => stateAt(`anchor/${vault.institution}/${tag}`));
    yield () => checkVault(vault, anchorAt, stateAt, onWalked);
  }
  if (ledger && chain) yield () => checkLedger(ledger, chain, onWalked);
  if (audit && chain) {
    const onChain = async () => {
      const stored = parsed(await chain.get(`checkpoint/${audit.institution}`));
      // one that cannot be read is no head that this log ever had
      return stored === undefined ? undefined : (checkpoint.safeParse(stored).data ?? { size: 0, root: '' });
    };
    yield () => checkAudit(audit, onChain, onWalked);
  }
}

/** @returns text for what is no JSON: it agrees with nothing */
function parsed(stored: Uint8Array | undefined): unknown {
  const text = stored && new TextDecoder().decode(stored);
  try {
    return text && (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}
