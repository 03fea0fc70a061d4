import * as chaincode from '@medshare/chaincode-region';
import type { EmergencyApproval, EmergencyEvidence, Region, Request } from '@medshare/events/chain';

// What the chaincode will judge when the chain is back, judged by the same functions while it is away.

export type AwayGrant = chaincode.AwayGrant;

/** @throws Problem access.*, ledger.refused: the chaincode's own refusals */
export const checkEmergency = (region: Region, evidence: Omit<EmergencyEvidence, 'release'>, now: number): AwayGrant =>
  chaincode.checkEmergency(region, evidence, now);

/** One approval before it is taken: its signature, its time, and whether its giver may fill the leaf beside those that are filled. */
export function checkAwayApproval(
  region: Region,
  request: Request,
  filled: readonly EmergencyApproval[],
  given: EmergencyApproval,
  now: number,
): void {
  chaincode.checkEmergencyApproval(region, request, given, now);
  chaincode.checkApprover(request, filled, given);
}

/** A request as the chaincode would take it now. */
export const checkRequest = (region: Region, request: Request, now: number): void =>
  chaincode.checkRequest(region, request, now);
