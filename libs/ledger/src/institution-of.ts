import type { Region } from '@medshare/events/chain';

/** Name of a member's organisation on Hyperledger Fabric: what the region says, else the member's own id. */
export const mspOf = ({ id, mspId }: Region['members'][number]): string => mspId ?? id;

/** @returns the member whose organisation this is; undefined when it is none of the region */
export const institutionOf = ({ members }: Pick<Region, 'members'>, mspId: string): string | undefined =>
  members.find((member) => mspOf(member) === mspId)?.id;
