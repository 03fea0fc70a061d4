export { MedshareClient, type ClientOptions } from './medshare-client.js';
export {
  generateStaffKey,
  hashReason,
  requestCertificate,
  signApproval,
  signAsk,
  signEmergencyApproval,
  signRevocation,
  type StaffKey,
} from './staff-key.js';
export { verifyAuditProof, type AuditTrust } from './verify-audit.js';
