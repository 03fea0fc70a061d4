export { MedshareClient, type ClientOptions } from './medshare-client.js';
export {
  generateStaffKey,
  requestCertificate,
  signApproval,
  signAsk,
  signRevocation,
  type StaffKey,
} from './staff-key.js';
export { verifyAuditProof, type AuditTrust } from './verify-audit.js';
