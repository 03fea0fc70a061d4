import {
  findAnchoring,
  findClassifierEvents,
  findLedgerEvents,
  findVaultEvents,
  type ShownMessage,
  type WayStep,
} from '@medshare/events';
import { asProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { findMessage, type MessageRow } from './store/browse.js';

type Parts = Pick<RoleContext, 'database' | 'peers' | 'institution'>;
type Event = Awaited<ReturnType<typeof findVaultEvents.response.parse>>['events'][number];

/** Roles after ingest, and the id of a record's event at each: the way that `record.received` takes. */
const stages = [
  { step: 'classified', route: findClassifierEvents, idOf: (record: string) => record },
  { step: 'sealed', route: findVaultEvents, idOf: (record: string) => `classified/${record}` },
  { step: 'queued', route: findLedgerEvents, idOf: (record: string) => `sealed/${record}` },
] as const;

const blank = { at: null, problem: null, where: null, behind: null };

/** Tells where a message is on its way to the chain, and what holds it up. Other roles are asked, none is waited for in vain. */
export class FollowMessage {
  constructor(private readonly parts: Parts) {}

  /** @throws Problem request.not-found */
  async show(id: string): Promise<ShownMessage> {
    const found = await findMessage(this.parts.database, id);
    if (!found) throw problem('request.not-found', { where: 'message' });
    const { payload: _payload, settledAt, reason, behind, ...listed } = found;
    return {
      ...listed,
      reason,
      way: [...arrival(found), mapped(found, { settledAt, behind }), ...(await this.beyond(found))],
    };
  }

  private async beyond({ recordId, state }: MessageRow): Promise<WayStep[]> {
    if (state !== 'mapped' || recordId === null) return [];
    const asked = await Promise.all(
      stages.map(async ({ step, route, idOf }) => {
        const events = await this.ask(() =>
          this.parts.peers.call(route, this.parts.institution, { ids: [idOf(recordId)] }),
        );
        return 'code' in events ? unknown(step, events.code) : stepOf(step, events.events[0]);
      }),
    );
    const anchoring = await this.ask(() => this.parts.peers.call(findAnchoring, this.parts.institution, { recordId }));
    return [...asked, anchored(anchoring)];
  }

  private async ask<T>(work: () => Promise<T>): Promise<T | { code: string }> {
    try {
      return await work();
    } catch (caught) {
      return { code: asProblem(caught).code };
    }
  }
}

const unknown = (step: WayStep['step'], code: string): WayStep => ({ ...blank, step, state: 'unknown', problem: code });

/** An acknowledgement is written once the message is durable: both are one moment here. */
const arrival = ({ receivedAt }: MessageRow): WayStep[] =>
  (['received', 'acknowledged'] as const).map((step) => ({ ...blank, step, state: 'done', at: receivedAt }));

function mapped(
  { state, problem: code, where }: MessageRow,
  { settledAt, behind }: { settledAt: number | undefined; behind: string | null },
): WayStep {
  const step = { ...blank, step: 'mapped', problem: code, where, behind } as const;
  if (state === 'mapped') return { ...step, state: 'done', at: settledAt === undefined ? null : iso(settledAt) };
  return { ...step, state: state === 'accepted' ? 'pending' : state };
}

const stepOf = (step: WayStep['step'], event: Event | undefined): WayStep =>
  event === undefined
    ? { ...blank, step, state: 'pending' }
    : { step, state: event.state, at: iso(event.at), problem: event.code, where: event.where, behind: event.behind };

function anchored(
  found: { state: string; block?: number | undefined; at?: number | undefined } | { code: string },
): WayStep {
  if ('code' in found) return unknown('anchored', found.code);
  const { state, block, at } = found;
  const step = { ...blank, step: 'anchored', at: at === undefined ? null : iso(at) } as const;
  if (state === 'anchored') return { ...step, state: 'done', ...(block !== undefined && { block }) };
  return { ...step, state: state === 'refused' ? 'refused' : 'pending' };
}

const iso = (ms: number): string => new Date(ms).toISOString();
