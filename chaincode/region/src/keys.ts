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

/** The key just after every key with this prefix; all keys are ASCII and hold nothing above `~`. */
export const endOf = (prefix: string): string => `${prefix}\u007f`;
