import { isServiceLeaf } from '@medshare/crypto/fill-rule';
import { emergencyRole, type Approval, type Request, type StaffCertificate } from '@medshare/events/chain';
import { samePerson } from './check-certificate.js';
import { isEmergency } from './check-request.js';
import { openLeaves, splitLeaf } from './formula.js';
import { demand } from './refusal.js';

/** Whether who holds the certificate may fill the leaf, others being filled already; signatures are judged elsewhere. */
export function checkApprover(
  request: Request,
  filled: readonly Pick<Approval, 'certificate'>[],
  { leaf, certificate }: { leaf: string; certificate: StaffCertificate },
): void {
  demand(openLeaves(request).includes(leaf), 'access.not-a-leaf', 'the request has no such leaf', 'leaf');
  const { role, institution } = splitLeaf(leaf);
  const holds = certificate.institution === institution && certificate.roles.includes(role);
  demand(holds, 'access.not-a-leaf', 'the certificate does not carry the role of the leaf', 'certificate');
  const fits = certificate.kind === 'staff' || isServiceLeaf(leaf);
  demand(fits, 'access.not-a-leaf', 'a service fills custodian and witness leaves only', 'certificate.kind');
  const serves = role !== emergencyRole || isEmergency(request);
  demand(serves, 'access.not-a-leaf', 'the emergency branch serves emergencies only', 'leaf');
  demand(
    !samePerson(certificate, request.requester.certificate),
    'access.self-approval',
    'nobody approves a request of their own',
  );
  const twice = filled.some((other) => samePerson(other.certificate, certificate));
  demand(!twice, 'access.person-twice', 'the person fills another leaf');
}
