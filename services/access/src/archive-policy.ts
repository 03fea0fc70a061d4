import type { OnApplicationBootstrap } from '@nestjs/common';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { InstitutionPolicy } from './access-policy.js';

/** A version of the access policy as its hash was made over it. */
export interface PolicyVersion {
  members: string[];
  files: Record<string, string>;
}

/** Keeps every version of the access policy that decides here, so that a decision can be replayed years later. */
export class ArchivePolicy implements OnApplicationBootstrap {
  constructor(
    private readonly context: Pick<RoleContext, 'database' | 'clock'>,
    private readonly policy: InstitutionPolicy,
  ) {}

  /** Before the first decision: an institution that cannot keep its policy does not start. */
  async onApplicationBootstrap(): Promise<void> {
    await this.context.database.query(
      'INSERT INTO policy_version (hash, body, first_used_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING',
      [this.policy.hash, JSON.stringify(this.policy.source), new Date(this.context.clock.now())],
    );
  }

  /** @throws Problem request.not-found */
  async version(hash: string): Promise<PolicyVersion> {
    const { rows } = await this.context.database.query<{ body: PolicyVersion }>(
      'SELECT body FROM policy_version WHERE hash = $1',
      [hash],
    );
    if (!rows[0]) throw problem('request.not-found', { where: 'policyHash' });
    return rows[0].body;
  }
}
