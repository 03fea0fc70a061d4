import type { Checkpoint } from '@medshare/events';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import type { AppendEntries } from './append-entries.js';
import { checkpointOf } from './make-checkpoint.js';
import { listCheckpoints } from './store/log.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Checkpoints of one answer at most, the newest first. */
const most = 1000;

/** The log's signed heads, and the entry that somebody read the log. */
export class ListCheckpoints {
  constructor(
    private readonly context: RoleContext,
    private readonly log: AppendEntries,
  ) {}

  /** @param below only those of a smaller size: older ones follow with the size of the last one given */
  async list(below?: number): Promise<{ checkpoints: Checkpoint[] }> {
    const rows = await listCheckpoints(this.context.database, most, below);
    return { checkpoints: rows.map((row) => checkpointOf(this.context.institution, row)) };
  }

  /** @param ids of entries that are read; none for a search */
  async auditReading({ username, roles }: Principal, ...ids: string[]): Promise<void> {
    const { random, clock, institution } = this.context;
    await this.log.record({
      id: random.uuid(),
      action: 'audit.read',
      time: clock.now(),
      outcome: 'success',
      role: 'audit',
      // an entry that no longer has its shape could not be shown to anybody
      agent: {
        institution,
        person: username.slice(0, 128),
        roles: roles.slice(0, 20).map((name) => name.slice(0, 40)),
      },
      entities: ids.filter((id) => uuid.test(id)).map((id) => ({ kind: 'entry', id })),
    });
  }
}
