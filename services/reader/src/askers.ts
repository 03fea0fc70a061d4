import type { Principal } from '@medshare/identity';
import { problem } from '@medshare/problems';

/** Who works at an institution and may ask for records; with which purposes is for each owner's law to say. */
const staff = ['clinician', 'attending', 'ed', 'researcher', 'privacy-officer', 'billing'] as const;
export const askers = [...staff, 'patient'] as const;

/**
 * A patient asks about themselves only: for the identifier that the institution's provider vouches for. Staff who ask for the patient's
 * purpose do so as that patient.
 * @throws Problem auth.forbidden
 */
export function checkSubject(
  { roles, patient }: Principal,
  purpose: string,
  identifier: { system: string; value: string },
): void {
  if (purpose !== 'PATRQT' && staff.some((role) => roles.includes(role))) return;
  if (patient?.system === identifier.system && patient.value === identifier.value) return;
  throw problem('auth.forbidden', { where: 'identifier', detail: 'a patient asks about themselves only' });
}
