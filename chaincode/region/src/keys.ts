/** Keys of the world state. Institutions, hashes and leaves hold no `/`, so no two kinds of entries meet. */
export const keys = {
  region: 'region',
  anchor: (institution: string, tag: string): string => `anchor/${institution}/${tag}`,
  batch: (institution: string, root: string): string => `batch/${institution}/${root}`,
  conflict: (institution: string, tag: string, hash: string): string => `conflict/${institution}/${tag}/${hash}`,
  request: (id: string): string => `request/${id}`,
  approval: (id: string, leaf: string): string => `approval/${id}/${leaf}`,
  approvalsOf: (id: string): string => `approval/${id}/`,
  grant: (id: string): string => `grant/${id}`,
  checkpoint: (institution: string): string => `checkpoint/${institution}`,
} as const;

/** A key beyond every key with this prefix: keys are ASCII and hold no `~`, the greatest visible character. */
export const endOf = (prefix: string): string => `${prefix}~`;
