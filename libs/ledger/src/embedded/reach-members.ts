import { setTimeout as sleep } from 'node:timers/promises';
import type { Region } from '@medshare/events/chain';
import type { Reachability } from '../ledger.port.js';
import type { Transport } from './transport.js';

/** How long a member may take to answer before it counts as away, ms: an emergency waits for this. */
const patience = 1500;

interface Parts {
  readonly institution: string;
  readonly region: Region;
  readonly height: number;
  readonly transport: Transport;
}

/** Asks every member for blocks it may have: the orderer and as many as must endorse have to answer for anything to be committed. */
export async function reachMembers({ institution, region, height, transport }: Parts): Promise<Reachability> {
  const others = region.members.map(({ id }) => id).filter((id) => id !== institution);
  const request = { from: height + 1, limit: 1, waitMs: 0 };
  const answers = await Promise.all(
    others.map((id) => answersInTime((signal) => transport.blocks(id, request, signal))),
  );
  const away = others.filter((_, at) => !answers[at]);
  const orderer = region.members[0]?.id ?? '';
  const reachable = !away.includes(orderer) && region.members.length - away.length >= region.endorsements;
  return { reachable, height, away };
}

async function answersInTime(call: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
  const stop = new AbortController();
  const answered = call(stop.signal).then(
    () => true,
    () => false,
  );
  const late = sleep(patience, false, { signal: stop.signal }).catch(() => false);
  return Promise.race([answered, late]).finally(() => stop.abort());
}
