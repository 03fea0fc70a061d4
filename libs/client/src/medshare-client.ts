import {
  approvalResponse,
  askResponse,
  auditConsistency,
  auditProof,
  certificateResponse,
  draftResponse,
  emergencyApprovalResponse,
  evaluateResponse,
  notifications,
  openResponse,
  pendingApprovals,
  replayMaterial,
  reviewResponse,
  reviews,
  revocationResponse,
  whatWouldSeeAnswer,
  type AskResponse,
  type AuditProof,
  type EmergencyCode,
  type Notification,
  type OpenResponse,
  type PendingApproval,
  type ReplayAnswer,
  type Review,
  type ReviewFilter,
  type ReviewOutcome,
  type RevocationReason,
  type StaffCertificate,
  type whatWouldSeeBody,
  type WhatWouldSeeAnswer,
} from '@medshare/events';
import { fromProblemJson, problem, type OperationOutcome, type Problem } from '@medshare/problems';
import type { z } from 'zod';
import { toBase64url } from '@medshare/crypto/portable';
import {
  hashReason,
  requestCertificate,
  signApproval,
  signAsk,
  signEmergencyApproval,
  signRevocation,
  type StaffKey,
} from './staff-key.js';

export interface ClientOptions {
  /** The institution's public address, e.g. `http://127.0.0.1:7201`. */
  baseUrl: string;
  /** Gives a bearer token; called before each request. */
  token: () => Promise<string>;
  /** Needed to ask, approve and revoke. */
  key?: StaffKey;
  fetch?: typeof fetch;
  now?: () => number;
}

/** How long before its end a certificate is renewed, ms. */
const renewal = 60_000;

/** One institution's public API for integrators: ask, approve, open, revoke, read the audit log. */
export class MedshareClient {
  private certified: StaffCertificate | undefined;

  constructor(private readonly options: ClientOptions) {}

  /** The caller's certificate for its staff key, issued when there is none in force. */
  async certificate(): Promise<StaffCertificate> {
    const now = (this.options.now ?? Date.now)();
    if (this.certified && this.certified.notAfter - now > renewal) return this.certified;
    const body = requestCertificate(this.key(), now);
    this.certified = (await this.post('/access/certificates', body, certificateResponse)).certificate;
    return this.certified;
  }

  /** Asks for a patient's records in the whole region. `purpose` is a code of HL7 v3 PurposeOfUse. */
  async ask(about: {
    identifier: { system: string; value: string };
    purpose: string;
    relation: 'treating' | 'none';
    days: number;
  }): Promise<AskResponse> {
    const { purpose, days, ...rest } = about;
    const certificate = await this.certificate();
    const { ask } = await this.post('/reader/drafts', { purpose, days }, draftResponse);
    const signature = signAsk(this.key(), ask);
    return this.post('/reader/asks', { ask, certificate, signature, ...rest }, askResponse);
  }

  /**
   * Breaks the glass: asks with purpose ETREAT. The reason is seen by those who approve and review, and is on no chain. While the chain is
   * away the answer's requests say `away`, and people approve them as usual.
   */
  async breakGlass(about: {
    identifier: { system: string; value: string };
    reason: { code: EmergencyCode; text?: string };
    relation?: 'treating' | 'none';
    hours?: number;
  }): Promise<AskResponse> {
    const { identifier, relation = 'none', hours } = about;
    const key = this.key();
    const salt = toBase64url(crypto.getRandomValues(new Uint8Array(32)));
    const reason = { code: about.reason.code, text: about.reason.text ?? '', salt };
    const certificate = await this.certificate();
    const emergency = { reason: hashReason(key, reason), ...(hours !== undefined && { hours }) };
    const { ask } = await this.post('/reader/drafts', { purpose: 'ETREAT', days: 1, emergency }, draftResponse);
    const body = { ask, certificate, signature: signAsk(key, ask), identifier, relation, reason };
    return this.post('/reader/asks', body, askResponse);
  }

  /** An ask's requests as they stand on the chain now. */
  asked(askId: string): Promise<AskResponse> {
    return this.get(`/reader/asks/${askId}`, askResponse);
  }

  /** Opens everything that the ask's granted requests permit now. */
  open(askId: string): Promise<OpenResponse> {
    return this.post(`/reader/asks/${askId}/open`, {}, openResponse);
  }

  /** The exact bytes of an opened section: a FHIR R4 Bundle. */
  async bundle(id: string): Promise<Uint8Array> {
    const response = await this.send('GET', `/fhir/Bundle/${id}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async approvals(): Promise<PendingApproval[]> {
    return (await this.get('/access/approvals', pendingApprovals)).approvals;
  }

  /** Approves on the chain; what is pending while it is away, by a signed approval that the requester's institution fetches. */
  async approve(
    pending: Pick<PendingApproval, 'requestId' | 'requestHash' | 'leaf' | 'away'>,
  ): Promise<
    Pick<z.infer<typeof approvalResponse>, 'requestId'> & { granted?: boolean; block?: number; approvedAt?: number }
  > {
    if (pending.away) return this.approveAway(pending);
    const body = signApproval(this.key(), await this.certificate(), pending);
    return this.post(`/access/approvals/${pending.requestId}`, body, approvalResponse);
  }

  private async approveAway(pending: Pick<PendingApproval, 'requestId' | 'requestHash' | 'leaf'>) {
    const certificate = await this.certificate();
    const body = signEmergencyApproval(this.key(), certificate, pending, (this.options.now ?? Date.now)());
    return this.post(`/access/emergency-approvals/${pending.requestId}`, body, emergencyApprovalResponse);
  }

  /** Emergencies that a privacy officer of this institution reviews; `due` is what is not closed. */
  async reviews(state: ReviewFilter = 'due'): Promise<Review[]> {
    return (await this.get(`/access/reviews?state=${state}`, reviews)).reviews;
  }

  closeReview(
    reviewId: string,
    body: { outcome: ReviewOutcome; reason: string },
  ): Promise<z.infer<typeof reviewResponse>> {
    return this.post(`/access/reviews/${reviewId}`, body, reviewResponse);
  }

  /** What the signed-in patient is told of access to their records at this institution. */
  async notifications(): Promise<Notification[]> {
    return (await this.get('/access/notifications', notifications)).notifications;
  }

  async revoke(request: {
    requestId: string;
    requestHash: string;
    reason: RevocationReason;
  }): Promise<z.infer<typeof revocationResponse>> {
    const body = signRevocation(this.key(), await this.certificate(), request);
    return this.post(`/access/revocations/${request.requestId}`, body, revocationResponse);
  }

  evaluate(body: object): Promise<z.infer<typeof evaluateResponse>> {
    return this.post('/access/$evaluate', body, evaluateResponse);
  }

  /** What a named clinician would see of a patient at this institution, and why; without effect. */
  whatWouldSee(body: z.infer<typeof whatWouldSeeBody>): Promise<WhatWouldSeeAnswer> {
    return this.post('/access/$what-would-see', body, whatWouldSeeAnswer);
  }

  /** What a decision is replayed from, for regulators. */
  replayMaterial(receiptId: string): Promise<ReplayAnswer> {
    return this.get(`/access/receipts/${encodeURIComponent(receiptId)}/material`, replayMaterial);
  }

  /** Records a FHIR R4 Consent, or a new version of one. @returns the resource as stored, or an OperationOutcome of what is not understood */
  async recordConsent(consent: object, id?: string): Promise<{ resourceType: string; id?: string }> {
    const [method, path] =
      id === undefined ? ['POST', '/fhir/Consent'] : ['PUT', `/fhir/Consent/${encodeURIComponent(id)}`];
    return (await this.send(method, path, JSON.stringify(consent))).json() as Promise<{ resourceType: string }>;
  }

  /** A patient's consents as a searchset Bundle: the caller's own, or of whom an officer names. */
  async consents(patient?: { system: string; value: string }): Promise<unknown> {
    const query = patient ? `?patient:identifier=${encodeURIComponent(`${patient.system}|${patient.value}`)}` : '';
    return (await this.send('GET', `/fhir/Consent${query}`)).json();
  }

  /** All versions of one consent, the newest first, as a history Bundle. */
  async consentHistory(id: string): Promise<unknown> {
    return (await this.send('GET', `/fhir/Consent/${encodeURIComponent(id)}/_history`)).json();
  }

  /** Everything needed to verify one audit entry offline. */
  auditProof(entryId: string): Promise<AuditProof> {
    return this.get(`/audit/entries/${entryId}/proof`, auditProof);
  }

  auditConsistency(from: number, to: number): Promise<z.infer<typeof auditConsistency>> {
    return this.get(`/audit/consistency?from=${from}&to=${to}`, auditConsistency);
  }

  /** `GET /fhir/AuditEvent` with FHIR search parameters; a searchset Bundle. */
  async auditEvents(query: Record<string, string> = {}): Promise<unknown> {
    const search = new URLSearchParams(query).toString();
    return (await this.send('GET', `/fhir/AuditEvent${search ? `?${search}` : ''}`)).json();
  }

  private key(): StaffKey {
    if (!this.options.key) throw problem('auth.unauthenticated', { where: 'key', detail: 'a staff key is needed' });
    return this.options.key;
  }

  private async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(await (await this.send('GET', path)).json());
  }

  private async post<T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(await (await this.send('POST', path, JSON.stringify(body))).json());
  }

  private async send(method: string, path: string, body?: string): Promise<Response> {
    const token = await this.options.token();
    const response = await (this.options.fetch ?? fetch)(new URL(path, this.options.baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

/** The problem that the server named, or what is known of it. A FHIR route answers with an OperationOutcome. */
async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const { code, issue } = (body ?? {}) as { code?: unknown; issue?: OperationOutcome['issue'] };
  const [first] = Array.isArray(issue) ? issue : [];
  if (first)
    return fromProblemJson({
      code: first.details?.coding?.[0]?.code,
      where: first.expression?.[0],
      detail: first.diagnostics,
    });
  if (typeof code === 'string') return fromProblemJson(body);
  return problem('peer.refused', { detail: `HTTP status ${response.status}` });
}
