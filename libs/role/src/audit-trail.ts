import type { Clock, Random } from '@medshare/clock';
import type { Tx } from '@medshare/database';
import { event, recordAudit, type AuditEntry, type AuditReceipt, type EventMessage } from '@medshare/events';
import type { Outbox } from '@medshare/outbox';
import type { Peers } from '@medshare/peers';

/** What a role says of a fact; time, id, role and its institution are added. */
export type AuditFact = Omit<AuditEntry, 'id' | 'time' | 'role' | 'agent' | 'entities'> & {
  id?: string;
  agent?: Partial<AuditEntry['agent']>;
  entities: readonly AuditEntry['entities'][number][];
};

/** How a role tells its institution's audit log what it did. */
export interface AuditTrail {
  /** With the effect it speaks of, in the same transaction; reaches the log at least once. */
  append(tx: Tx, fact: AuditFact): Promise<void>;
  /** The same as events, for a role that appends many facts together with events of its own. */
  events(facts: readonly AuditFact[]): EventMessage[];
  /** Before an effect that cannot be undone: resolves with the signed receipt of a durable entry, else rejects. */
  record(fact: AuditFact): Promise<AuditReceipt>;
}

interface Parts {
  role: string;
  institution: string;
  clock: Clock;
  random: Random;
  outbox: Outbox;
  peers: Peers;
}

export function createAuditTrail({ role, institution, clock, random, outbox, peers }: Parts): AuditTrail {
  const entryOf = ({ agent, ...fact }: AuditFact): AuditEntry => ({
    ...fact,
    entities: [...fact.entities],
    id: fact.id ?? random.uuid(),
    time: clock.now(),
    role,
    agent: { institution, ...agent },
  });
  const eventOf = (entry: AuditEntry): EventMessage =>
    event('audit.recorded', { id: entry.id, key: entry.id }, { entry });
  return {
    async append(tx, fact) {
      await outbox.append(tx, [eventOf(entryOf(fact))]);
    },
    events: (facts) => facts.map((fact) => eventOf(entryOf(fact))),
    async record(fact) {
      const { receipt } = await peers.call(recordAudit, institution, { entry: entryOf(fact) });
      return receipt;
    },
  };
}
