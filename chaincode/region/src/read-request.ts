import type { Approval, EmergencyApproval, Grant, Request } from '@medshare/events/chain';
import { decodeDocument, readDocument } from './documents.js';
import { endOf, keys } from './keys.js';
import { refusal } from './refusal.js';
import type { State } from './state.js';

/** A request with everything that happened to it, as committed; approvals in order of their leaves. */
export interface RequestEntry {
  readonly request: Request;
  readonly approvals: readonly Approval[];
  readonly grant: Grant | undefined;
  /** Those given while the chain was away. */
  readonly away: readonly EmergencyApproval[];
}

export async function readRequest(state: State, id: string): Promise<RequestEntry> {
  const prefix = keys.approvalsOf(id);
  const awayPrefix = keys.emergencyApprovalsOf(id);
  const [request, grant, approvals, away] = await Promise.all([
    readDocument<Request>(state, keys.request(id)),
    readDocument<Grant>(state, keys.grant(id)),
    state.range(prefix, endOf(prefix)),
    state.range(awayPrefix, endOf(awayPrefix)),
  ]);
  if (request === undefined) throw refusal('ledger.refused', 'there is no such request', 'requestId');
  return {
    request,
    grant,
    approvals: approvals.map(({ value }) => decodeDocument<Approval>(value)),
    away: away.map(({ value }) => decodeDocument<EmergencyApproval>(value)),
  };
}
