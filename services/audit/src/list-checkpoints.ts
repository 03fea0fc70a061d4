import type { Checkpoint } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import type { AppendEntries } from './append-entries.js';
import { checkpointOf } from './make-checkpoint.js';
import { listCheckpoints } from './store/log.js';

/** Checkpoints of one answer at most, the newest first. */
const most = 1000;

/** The log's signed heads, and the entry that somebody read the log. */
export class ListCheckpoints {
  constructor(
    private readonly context: RoleContext,
    private readonly log: AppendEntries,
  ) {}

  async list(): Promise<{ checkpoints: Checkpoint[] }> {
    const rows = await listCheckpoints(this.context.database, most);
    return { checkpoints: rows.map((row) => checkpointOf(this.context.institution, row)) };
  }

  async auditReading({ username, roles }: Principal): Promise<void> {
    const { random, clock, institution } = this.context;
    await this.log.record({
      id: random.uuid(),
      action: 'audit.read',
      time: clock.now(),
      outcome: 'success',
      role: 'audit',
      agent: { institution, person: username, roles: [...roles] },
      entities: [],
    });
  }
}
