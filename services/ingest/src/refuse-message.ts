import { parsePosition } from '@medshare/hl7';
import { asProblem, type Problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { Refusal } from './candidate.js';
import { GroupCommit } from './group-commit.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { KeyedHashes } from './keyed-hashes.js';
import { insertRefusals, type RefusalRow } from './store/refusals.js';

type Parts = Pick<RoleContext, 'database' | 'outbox' | 'audit' | 'clock' | 'random' | 'logger'>;

/** How many of a refusal's problems are kept. */
const keptProblems = 50;

/** Keeps the reason of every refusal where an integration engineer finds it, and none of what was refused. */
export class RefuseMessage {
  private readonly queue: GroupCommit<RefusalRow, void>;

  constructor(
    private readonly parts: Parts,
    private readonly hashes: KeyedHashes,
    private readonly metrics: IngestMetrics,
  ) {
    this.queue = new GroupCommit({
      commit: (group) => this.commit(group),
      sizeOf: () => 1,
      keyOf: ({ id }) => id,
      atOnce: 1,
      maxItems: 256,
      maxBytes: 256,
      maxWaitingBytes: 10_000,
    });
  }

  /**
   * Resolves when the refusal can be found. A refusal that says "later" is counted only: it speaks of this service, not of the message.
   * Never rejects: the sender is told in any case.
   */
  async refuse(refusal: Refusal): Promise<void> {
    const [first] = refusal.problems;
    const code = first?.code ?? 'internal';
    this.metrics.refused(refusal.via, code);
    if (first?.issue === 'transient' || first?.issue === 'throttled') return this.complain(code);
    await this.queue.submit(this.row(refusal)).catch((caught: unknown) => this.complain(code, asProblem(caught)));
  }

  stop(): Promise<void> {
    return this.queue.stop();
  }

  private complain(refused: string, because?: Problem): void {
    this.parts.logger.warn(
      { code: refused, err: because },
      because ? 'a refusal could not be recorded' : 'a message was put off',
    );
  }

  private row({ via, kind, feed, bytes, problems }: Refusal): RefusalRow {
    return {
      id: this.parts.random.uuid(),
      time: this.parts.clock.now(),
      via,
      kind,
      feed: feed ?? null,
      content: bytes ? this.hashes.content(bytes) : null,
      size: bytes?.length ?? 0,
      problems: problems.slice(0, keptProblems).map(({ code, where }) => {
        const place = keptPlace(where);
        return { code, ...(place !== undefined && { where: place }) };
      }),
    };
  }

  private async commit(rows: readonly RefusalRow[]): Promise<void[]> {
    const { database, outbox, audit } = this.parts;
    await database.transaction(async (tx) => {
      await insertRefusals(tx, rows);
      await outbox.append(tx, audit.events(rows.map(refused)));
    });
    return rows.map(() => undefined);
  }
}

const refused = ({ id, problems }: RefusalRow): AuditFact => ({
  action: 'message.refused',
  outcome: 'refused',
  problem: problems[0]?.code ?? 'internal',
  entities: [{ kind: 'refusal', id }],
});

/** The names of JSON members are the sender's words; the answer tells them back, a table keeps only where they stood. */
export function keptPlace(where: string | undefined): string | undefined {
  if (where === undefined) return undefined;
  if (parsePosition(where) !== undefined) return where;
  return /^(?:\$|Bundle)(?:\.entry\[\d{1,6}\])?/.exec(where)?.[0];
}
