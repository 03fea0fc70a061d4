import {
  approvalBody,
  approvalResponse,
  certificateRequest,
  certificateResponse,
  decisionReceipt,
  emergencyApprovalBody,
  emergencyApprovalResponse,
  evaluateBody,
  evaluateResponse,
  notifications,
  pendingApprovals,
  replayMaterial,
  reviewBody,
  reviewQuery,
  reviewResponse,
  reviews,
  revocationBody,
  revocationResponse,
  whatWouldSeeAnswer,
  whatWouldSeeBody,
} from '@medshare/events';
import type { Documentation } from '@medshare/openapi';

const owner = 'access';
const id = 'A'.repeat(43);
const [publicKey, signature] = ['A'.repeat(44), 'A'.repeat(86)];
const now = 1_767_600_000_000;
/** shaped as the real thing; signatures are made by the staff member's own key (see @medshare/client) */
const certificate = {
  version: 1 as const,
  institution: 'harbor',
  person: 'officer.li',
  roles: ['privacy-officer'],
  kind: 'staff' as const,
  ...{ publicKey, suite: 'intl' as const, notBefore: now, notAfter: now + 43_200_000, signature },
};
const body = ['request.malformed', 'request.unsupported-media-type', 'request.too-large'] as const;
const decision = [...body, 'access.forged', 'access.expired', 'ledger.unavailable', 'ledger.refused'] as const;

export const certifyKey = {
  owner,
  summary: "Certify a staff member's own key for a shift",
  body: { shape: certificateRequest },
  answer: { status: 201, shape: certificateResponse },
  problems: [...body, 'access.forged', 'crypto.invalid'],
  example: { body: { publicKey, time: now, proof: signature } },
} satisfies Documentation;

export const listApprovals = {
  owner,
  summary: "List requests that wait for the caller's approval",
  answer: { shape: pendingApprovals },
  problems: [],
  example: {},
} satisfies Documentation;

export const approveRequest = {
  owner,
  summary: 'Approve a request, for one place of its formula',
  body: { shape: approvalBody },
  answer: { shape: approvalResponse },
  problems: [...decision, 'access.not-a-leaf', 'access.self-approval', 'access.person-twice'],
  example: { params: { requestId: id }, body: { leaf: 'harbor:privacy-officer:1', certificate, signature } },
} satisfies Documentation;

export const revokeRequest = {
  owner,
  summary: 'Revoke a request or its grant',
  body: { shape: revocationBody },
  answer: { shape: revocationResponse },
  problems: [...decision, 'access.denied'],
  example: { params: { requestId: id }, body: { certificate, reason: 'no-longer-needed', signature } },
} satisfies Documentation;

export const evaluate = {
  owner,
  summary: 'Show what the policy would decide, without effect',
  body: { shape: evaluateBody },
  answer: { shape: evaluateResponse },
  problems: body,
  example: {
    body: {
      requester: { institution: 'lakeside', roles: ['clinician'] },
      ...{ owner: 'harbor', class: 'sensitive:hiv', level: 4, purpose: 'TREAT', relation: 'treating', days: 7 },
    },
  },
} satisfies Documentation;

export const readReceipt = {
  owner,
  summary: 'Read a decision receipt as it was signed',
  answer: { shape: decisionReceipt },
  problems: ['request.not-found'],
  example: { params: { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' } },
} satisfies Documentation;

export const approveAway = {
  owner,
  summary: 'Approve an emergency by signature while the chain is away',
  body: { shape: emergencyApprovalBody },
  answer: { shape: emergencyApprovalResponse },
  problems: [...decision, 'access.chain-reachable', 'access.not-a-leaf', 'access.self-approval', 'access.person-twice'],
  example: {
    params: { requestId: id },
    body: { leaf: 'ed@harbor', certificate: { ...certificate, roles: ['ed'] }, approvedAt: now, signature },
  },
} satisfies Documentation;

export const listReviews = {
  owner,
  summary: 'List emergencies that a privacy officer reviews',
  query: reviewQuery,
  answer: { shape: reviews },
  problems: ['request.invalid'],
  example: { query: { state: 'due' } },
} satisfies Documentation;

export const closeReview = {
  owner,
  summary: 'Say whether an emergency was justified',
  body: { shape: reviewBody },
  answer: { shape: reviewResponse },
  problems: [...body, 'request.not-found', 'request.conflict', 'access.self-approval'],
  example: {
    params: { reviewId: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' },
    body: { outcome: 'justified', reason: 'unconscious on arrival' },
  },
} satisfies Documentation;

export const listNotifications = {
  owner,
  summary: 'List what the signed-in patient is told of access to their records',
  answer: { shape: notifications },
  problems: [],
  example: {},
} satisfies Documentation;

export const whatWouldSee = {
  owner,
  summary: 'Show what a named clinician would see of a patient, and why, without effect',
  body: { shape: whatWouldSeeBody },
  answer: { shape: whatWouldSeeAnswer },
  problems: [...body, 'patient.not-searchable'],
  example: {
    body: {
      clinician: { institution: 'lakeside', roles: ['clinician'] },
      patient: { system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' },
      ...{ purpose: 'TREAT', relation: 'treating', days: 7 },
    },
  },
} satisfies Documentation;

export const readMaterial = {
  owner,
  summary: 'Read what a decision is replayed from: receipt, inputs, policy and consents of its time',
  answer: { shape: replayMaterial },
  problems: ['request.not-found', 'request.gone'],
  example: { params: { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' } },
} satisfies Documentation;
