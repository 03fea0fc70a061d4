import { decodeDocument, keys, type Chaincode, type ChaincodeEvent, type Json } from '@medshare/chaincode-region';
import type { Clock } from '@medshare/clock';
import { region as regionShape, type Region } from '@medshare/events/chain';
import { isProblem, problem } from '@medshare/problems';
import { institutionOf } from '../institution-of.js';
import type { Invocation } from './invocation.js';
import type { PeerState } from './peer-state.js';

export interface HostedChaincode {
  readonly chaincode: Chaincode;
  /** Hash of the bundle that it came in. */
  readonly bundle: string;
  readonly clock: Pick<Clock, 'now'>;
}

/** What an execution came to. Refusals are the chaincode's, or the host's own; anything else is thrown. */
export type Executed =
  | { readonly kind: 'done'; readonly response: Json; readonly events: readonly ChaincodeEvent[] }
  | { readonly kind: 'refused'; readonly code: string; readonly where?: string; readonly detail?: string };

/** Answered by the host itself: which code runs here. */
export const describeFunction = '$describe';

/** Runs one call on the peer's state, as the institution whose MSP signed it. */
export async function runInvocation(host: HostedChaincode, state: PeerState, call: Invocation): Promise<Executed> {
  try {
    const done = await run(host, state, call);
    if (state.faults.length > 0) throw state.faults[0];
    await state.flush();
    return done;
  } catch (caught) {
    if (state.faults.length > 0) throw state.faults[0];
    if (!isProblem(caught)) throw caught;
    const { code, where, detail } = caught;
    return { kind: 'refused', code, ...(where !== undefined && { where }), ...(detail !== undefined && { detail }) };
  }
}

async function run({ chaincode, bundle, clock }: HostedChaincode, state: PeerState, call: Invocation) {
  const { name, version, functions } = chaincode;
  if (call.function === describeFunction)
    return { kind: 'done', response: { name, version, bundle }, events: [] } as const;
  const wanted = Object.hasOwn(functions, call.function) ? functions[call.function] : undefined;
  if (wanted === undefined) throw problem('ledger.refused', { detail: 'there is no such function' });
  const region = await regionOf(state, call);
  const creator = institutionOf(region, call.mspId);
  if (creator === undefined)
    throw problem('ledger.refused', { where: 'creator', detail: 'its organisation is no member of the region' });
  checkClock(region, call.time, clock.now());
  const events: ChaincodeEvent[] = [];
  const emit = (event: ChaincodeEvent) => void events.push(event);
  const response = await wanted({ txId: call.txId, time: call.time, creator, state, emit }, call.args);
  return { kind: 'done', response, events } as const;
}

/** The region on the chain; before there is one, the one that is to begin it. */
async function regionOf(state: PeerState, call: Invocation): Promise<Region> {
  const there = await state.get(keys.region);
  if (there !== undefined) return decodeDocument<Region>(there);
  const given = call.function === 'init' ? regionShape.safeParse(call.args) : undefined;
  if (!given?.success) throw problem('ledger.refused', { detail: 'the chain has no genesis' });
  return given.data;
}

/** Chaincode has no clock of its own: a client that is early or late is refused where there is one. */
function checkClock({ clockSkewMs }: Region, time: number, now: number): void {
  if (Math.abs(time - now) > clockSkewMs)
    throw problem('ledger.clock', { detail: `the time differs by more than ${clockSkewMs} ms` });
}
