import { combineCommitments } from '@medshare/crypto/oprf';
import type { Region } from '@medshare/events';
import { DAY } from './periods.js';
import type { FoundedInstitution } from './found-institution.js';

/** What members agree on before their first block. */
export interface Agreement {
  region: string;
  suite: Region['suite'];
  endorsements: number;
  viewQuorum: number;
  oprfThreshold: number;
  identifierSystems: string[];
}

/**
 * The genesis document out of the members' public parts, in the order that gives their OPRF indices.
 * Every member computes it by itself from what the others published and must get the same.
 */
export function foundRegion(
  agreement: Agreement,
  members: readonly Pick<FoundedInstitution, 'id' | 'name' | 'publicKeys'>[],
  contributions: readonly (readonly string[])[],
): Region {
  const commitments = combineCommitments(contributions);
  return {
    version: 1,
    region: agreement.region,
    suite: agreement.suite,
    members: members.map(({ id, name, publicKeys }) => ({ id, name, keys: publicKeys })),
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
