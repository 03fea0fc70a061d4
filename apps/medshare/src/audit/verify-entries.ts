import { verifyAuditProof, type AuditTrust, type MedshareClient } from '@medshare/client';
import { isProblem } from '@medshare/problems';

export interface Verified {
  entries: number;
  /** Size of the newest checkpoint that was met. */
  size: number;
  failed: { entryId: string; why: string }[];
}

/** Proofs asked for at one time. */
const width = 4;
/** Wait when the server asks for patience, ms, and how often. */
const patience = { ms: 2000, times: 60 };

/**
 * Fetches each entry's inclusion proof and verifies it here, against the audit key of the region's genesis: a server that lies is found out.
 */
export async function verifyEntries(
  client: Pick<MedshareClient, 'auditProof'>,
  trust: AuditTrust,
  ids: readonly string[],
  onProgress: (done: number) => void = () => undefined,
): Promise<Verified> {
  const result: Verified = { entries: 0, size: 0, failed: [] };
  const queue = [...ids];
  const work = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      await verifyOne(client, trust, id, result);
      result.entries += 1;
      onProgress(result.entries);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return result;
}

async function verifyOne(
  client: Pick<MedshareClient, 'auditProof'>,
  trust: AuditTrust,
  entryId: string,
  result: Verified,
): Promise<void> {
  const proof = await patiently(() => client.auditProof(entryId));
  try {
    verifyAuditProof(trust, proof);
    if (proof.entryId !== entryId) throw new Error('the proof is of another entry');
    result.size = Math.max(result.size, proof.checkpoint.size);
  } catch (caught) {
    result.failed.push({ entryId, why: caught instanceof Error ? caught.message : 'does not verify' });
  }
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (caught) {
      if (!isProblem(caught) || caught.code !== 'request.rate-limited' || attempt === patience.times) throw caught;
      await new Promise((resolve) => setTimeout(resolve, patience.ms));
    }
  }
}
