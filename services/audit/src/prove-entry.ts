import { toBase64url } from '@medshare/crypto';
import type { auditConsistency, AuditProof } from '@medshare/events';
import { problem } from '@medshare/problems';
import { storedConsistency, storedInclusion, type Hash } from '@medshare/proofs';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { checkpointOf, type MakeCheckpoint } from './make-checkpoint.js';
import { checkpointAt, knownEntries, readNode } from './store/log.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Proofs over the log, each enough to be verified offline. */
export class ProveEntry {
  constructor(
    private readonly context: RoleContext,
    private readonly checkpoints: MakeCheckpoint,
  ) {}

  /** Inclusion of one entry under the newest checkpoint. @throws Problem request.not-found */
  async inclusion(entryId: string): Promise<AuditProof> {
    const { database } = this.context;
    const row = uuid.test(entryId) ? (await knownEntries(database, [entryId])).get(entryId) : undefined;
    if (!row) throw problem('request.not-found', { where: 'path.id' });
    const checkpoint = await this.checkpoints.make();
    if (!checkpoint) throw problem('request.not-found', { where: 'path.id' });
    const index = Number(row.index);
    const proof = await storedInclusion(this.hash, index, checkpoint.size, this.read);
    return {
      entryId,
      index,
      entry: toBase64url(row.bytes),
      salt: toBase64url(row.salt),
      checkpoint,
      proof: proof.map(toBase64url),
    };
  }

  /** That the log of one checkpoint is a prefix of another's. @throws Problem request.not-found for unknown sizes */
  async consistency(first: number, second: number): Promise<z.infer<typeof auditConsistency>> {
    const { database, institution } = this.context;
    const [from, to] = [await checkpointAt(database, first), await checkpointAt(database, second)];
    if (!from || !to || first > second) throw problem('request.not-found', { where: 'query' });
    const proof = await storedConsistency(this.hash, first, second, this.read);
    return { from: checkpointOf(institution, from), to: checkpointOf(institution, to), proof: proof.map(toBase64url) };
  }

  private readonly hash: Hash = (...parts) => this.context.suite.hash(...parts);
  private readonly read = (level: number, position: number): Promise<Uint8Array> =>
    readNode(this.context.database, level, position);
}
