import { combineCommitments } from '@medshare/crypto/oprf';
import type { Region } from '@medshare/events';
import type { Agreement, MemberFile } from './founding-files.js';
import { DAY } from './periods.js';

/**
 * The genesis document out of the members' public parts, in the order that gives their OPRF indices.
 * Every member computes it by itself from what the others published and must get the same.
 */
export function foundRegion(
  agreement: Agreement,
  members: readonly Pick<MemberFile, 'id' | 'name' | 'keys' | 'mspId'>[],
  contributions: readonly (readonly string[])[],
): Region {
  const commitments = combineCommitments(contributions);
  return {
    version: 1,
    region: agreement.region,
    suite: agreement.suite,
    members: members.map(({ id, name, keys, mspId }) => ({ id, name, keys, ...(mspId !== undefined && { mspId }) })),
    endorsements: agreement.endorsements,
    viewQuorum: agreement.viewQuorum,
    leaseMs: 5000,
    clockSkewMs: 30_000,
    oprf: { threshold: agreement.oprfThreshold, commitments, members: members.map(({ id }) => id) },
    identifierSystems: agreement.identifierSystems,
    limits: {
      anchorsPerBatch: 500,
      formulaLeaves: 64,
      requestMs: 90 * DAY,
      certificateMs: 7 * DAY,
      emergencyMs: DAY,
    },
  };
}
