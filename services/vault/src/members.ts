import type { Member, Region } from '@medshare/events';

export const memberOf = (region: Region, institution: string): Member | undefined =>
  region.members.find(({ id }) => id === institution);

/** Who holds a leaf `<role>@<institution>`. */
export const institutionOf = (leaf: string): string => leaf.slice(leaf.indexOf('@') + 1);
