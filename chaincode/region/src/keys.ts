import type { EmergencyApproval, EmergencyRelease } from '@medshare/events/chain';

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
  emergency: (id: string): string => `emergency/${id}`,
  emergencyApproval: ({ requestId, leaf, certificate }: EmergencyApproval): string =>
    `emergency-approval/${requestId}/${leaf}/${certificate.person}`,
  emergencyApprovalsOf: (id: string): string => `emergency-approval/${id}/`,
  emergencyRelease: ({ requestId, leaf, entry }: EmergencyRelease): string =>
    `emergency-release/${requestId}/${leaf}/${entry}`,
  consent: (institution: string, commitment: string): string => `consent/${institution}/${commitment}`,
  checkpoint: (institution: string): string => `checkpoint/${institution}`,
} as const;

/** A key beyond every key with this prefix: keys are ASCII and hold no `~`, the greatest visible character. */
export const endOf = (prefix: string): string => `${prefix}~`;
