import {
  documentHash,
  fromBase64url,
  signDocument,
  suite,
  toBase64url,
  type SuiteName,
} from '@medshare/crypto/portable';
import type { Ask, EmergencyReason, PendingApproval, StaffCertificate } from '@medshare/events';

/** A staff member's own key: made and kept by the person's device, certified for a shift by the institution. */
export interface StaffKey {
  suite: SuiteName;
  /** 32 bytes, base64url. Secret. */
  privateKey: string;
  publicKey: string;
}

export function generateStaffKey(name: SuiteName): StaffKey {
  const { privateKey, publicKey } = suite(name).generateKeyPair();
  return { suite: name, privateKey: toBase64url(privateKey), publicKey: toBase64url(publicKey) };
}

const sign = (key: StaffKey, type: string, value: unknown): string =>
  signDocument(suite(key.suite), fromBase64url(key.privateKey), type, 1, value as never);

/** Body of `POST /access/certificates`: proves that the caller holds the key, at `time`, ms. */
export function requestCertificate(key: StaffKey, time: number): { publicKey: string; time: number; proof: string } {
  const content = { publicKey: key.publicKey, time };
  return { ...content, proof: sign(key, 'certificate-request', content) };
}

export const signAsk = (key: StaffKey, ask: Ask): string => sign(key, 'ask', ask);

/** Body of `POST /access/approvals/{requestId}`. */
export function signApproval(
  key: StaffKey,
  certificate: StaffCertificate,
  { requestId, requestHash, leaf }: Pick<PendingApproval, 'requestId' | 'requestHash' | 'leaf'>,
): { leaf: string; certificate: StaffCertificate; signature: string } {
  return { leaf, certificate, signature: sign(key, 'approval', { requestId, requestHash, leaf }) };
}

/** What an emergency's ask holds of its reason. */
export const hashReason = (key: Pick<StaffKey, 'suite'>, reason: EmergencyReason): string =>
  documentHash(suite(key.suite), 'emergency-reason', 1, reason as never);

/** Body of `POST /access/emergency-approvals/{requestId}`, `approvedAt` in ms. */
export function signEmergencyApproval(
  key: StaffKey,
  certificate: StaffCertificate,
  { requestId, requestHash, leaf }: Pick<PendingApproval, 'requestId' | 'requestHash' | 'leaf'>,
  approvedAt: number,
): { leaf: string; certificate: StaffCertificate; approvedAt: number; signature: string } {
  const signature = sign(key, 'emergency-approval', { requestId, requestHash, leaf, approvedAt });
  return { leaf, certificate, approvedAt, signature };
}

/** Body of `POST /access/revocations/{requestId}`. */
export function signRevocation<R extends string>(
  key: StaffKey,
  certificate: StaffCertificate,
  { requestId, requestHash, reason }: { requestId: string; requestHash: string; reason: R },
): { certificate: StaffCertificate; reason: R; signature: string } {
  return { certificate, reason, signature: sign(key, 'revocation', { requestId, requestHash, reason }) };
}
