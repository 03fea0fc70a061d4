import { readRequest, type State } from '@medshare/chaincode-region';
import { requestState, type Region, type RequestState, type View } from '@medshare/events/chain';
import { isProblem, problem } from '@medshare/problems';
import { ChainSigning } from './chain-signing.js';
import type { Ledger } from './ledger.port.js';

export const requestSubject = (requestId: string): string => `request:${requestId}`;

/** Signs a member's reading with its ledger key, type `view`. */
export function signView(region: Region, privateKey: Uint8Array, content: Omit<View, 'signature'>): View {
  return { ...content, signature: new ChainSigning(region).sign(privateKey, 'view', content) };
}

/** @returns whether the member named in the view signed it, for this region */
export function verifyView(region: Region, view: View): boolean {
  const { signature, ...content } = view;
  return view.region === region.region && new ChainSigning(region).holds(view.institution, 'view', content, signature);
}

interface Reading {
  readonly state: RequestState;
  readonly height: number;
  readonly blockHash: string;
}

/**
 * Reads a request, its approvals and its grant at one height of the institution's own copy.
 * @throws `ledger.unavailable` when blocks keep arriving faster than the request can be read
 */
export async function readRequestState(ledger: Ledger, requestId: string): Promise<Reading> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = await ledger.height();
    const state = await readOnce(ledger, requestId);
    const after = await ledger.height();
    if (before.hash === after.hash) return { state, height: after.number, blockHash: after.hash };
  }
  throw problem('ledger.unavailable', { detail: 'the state changed during every reading' });
}

async function readOnce(ledger: Ledger, requestId: string): Promise<RequestState> {
  try {
    const { request, approvals, grant } = await readRequest(readOnlyState(ledger), requestId);
    return requestState.parse({ request, approvals, grant: grant ?? null });
  } catch (caught) {
    if (isProblem(caught) && caught.code === 'ledger.refused') return { request: null, approvals: [], grant: null };
    throw caught;
  }
}

function readOnlyState(ledger: Ledger): State {
  const refuse = () => {
    throw problem('internal', { detail: 'a view writes nothing' });
  };
  return {
    get: (key) => ledger.get(key),
    range: async (start) => {
      const found = [];
      for await (const entry of ledger.range(start)) found.push(entry);
      return found;
    },
    put: refuse,
    del: refuse,
  };
}
