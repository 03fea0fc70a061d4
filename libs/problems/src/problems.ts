/**
 * Every way in which medshare says no. One row a code; nothing else in the repository invents a status, an issue type or an ACK code.
 *
 * `status` is the HTTP status (RFC 9110), `issue` the FHIR R4 IssueType code, `hl7` the acknowledgement code (HL7 table 0008, original mode)
 * and the error code (HL7 table 0357) of an ERR segment. Codes are stable for ever: a code may be added, none is renamed or given another meaning.
 */
export type Row = {
  readonly title: string;
  readonly status: number;
  readonly issue: IssueType;
  readonly hl7?: { readonly ack: 'AE' | 'AR'; readonly error: string };
};

/** FHIR R4 value set issue-type, the codes used here. */
export type IssueType =
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'invalid'
  | 'not-supported'
  | 'duplicate'
  | 'not-found'
  | 'deleted'
  | 'too-long'
  | 'code-invalid'
  | 'multiple-matches'
  | 'conflict'
  | 'business-rule'
  | 'login'
  | 'forbidden'
  | 'expired'
  | 'suppressed'
  | 'security'
  | 'processing'
  | 'throttled'
  | 'too-costly'
  | 'timeout'
  | 'incomplete'
  | 'informational'
  | 'transient'
  | 'no-store'
  | 'lock-error'
  | 'exception';

const rejects = (error: string) => ({ ack: 'AR', error }) as const;
const errs = (error: string) => ({ ack: 'AE', error }) as const;

const table = {
  'request.malformed': { title: 'The request cannot be read', status: 400, issue: 'structure' },
  'request.invalid': { title: 'A field of the request has an invalid value', status: 422, issue: 'value' },
  'request.too-large': {
    title: 'The request is larger than allowed',
    status: 413,
    issue: 'too-long',
    hl7: rejects('207'),
  },
  'request.unsupported-media-type': { title: 'The media type is not supported', status: 415, issue: 'not-supported' },
  'request.not-acceptable': { title: 'No acceptable representation exists', status: 406, issue: 'not-supported' },
  'request.not-found': { title: 'There is no such thing', status: 404, issue: 'not-found' },
  'request.method-not-allowed': { title: 'The method is not allowed here', status: 405, issue: 'not-supported' },
  'request.conflict': { title: 'The request conflicts with the current state', status: 409, issue: 'conflict' },
  'request.precondition-failed': { title: 'A precondition does not hold', status: 412, issue: 'conflict' },
  'request.gone': { title: 'It existed and is gone', status: 410, issue: 'deleted' },
  'request.rate-limited': { title: 'Too many requests', status: 429, issue: 'throttled', hl7: rejects('207') },
  'request.timeout': { title: 'The request took too long', status: 408, issue: 'timeout' },
  'request.replayed': { title: 'The request was seen before', status: 409, issue: 'duplicate' },

  'auth.unauthenticated': { title: 'Who asks is not established', status: 401, issue: 'login', hl7: rejects('207') },
  'auth.forbidden': { title: 'Who asks may not do this', status: 403, issue: 'forbidden', hl7: rejects('207') },

  'hl7.framing': { title: 'The bytes are not framed by MLLP', status: 400, issue: 'structure', hl7: rejects('207') },
  'hl7.unparsable': { title: 'The message is not HL7 v2', status: 400, issue: 'structure', hl7: rejects('207') },
  'hl7.charset': {
    title: 'The character set is unknown or not kept',
    status: 400,
    issue: 'not-supported',
    hl7: rejects('207'),
  },
  'hl7.too-large': { title: 'The message is larger than allowed', status: 413, issue: 'too-long', hl7: rejects('207') },
  'hl7.too-many': {
    title: 'The message repeats more than allowed',
    status: 413,
    issue: 'too-long',
    hl7: rejects('207'),
  },
  'hl7.truncated': { title: 'The message is cut off', status: 400, issue: 'incomplete', hl7: errs('100') },
  'hl7.segment-sequence': {
    title: 'A segment is missing or out of place',
    status: 422,
    issue: 'structure',
    hl7: errs('100'),
  },
  'hl7.required-field': { title: 'A required field is missing', status: 422, issue: 'required', hl7: errs('101') },
  'hl7.data-type': { title: 'A value is not of its data type', status: 422, issue: 'value', hl7: errs('102') },
  'hl7.table-value': { title: 'A code is not in its table', status: 422, issue: 'code-invalid', hl7: errs('103') },
  'hl7.value-too-long': { title: 'A value is too long', status: 422, issue: 'too-long', hl7: errs('104') },
  'hl7.unsupported-type': {
    title: 'The message type is not supported',
    status: 422,
    issue: 'not-supported',
    hl7: rejects('200'),
  },
  'hl7.unsupported-event': {
    title: 'The trigger event is not supported',
    status: 422,
    issue: 'not-supported',
    hl7: rejects('201'),
  },
  'hl7.unsupported-processing-id': {
    title: 'The processing id is not accepted here',
    status: 422,
    issue: 'not-supported',
    hl7: rejects('202'),
  },
  'hl7.unsupported-version': {
    title: 'The version is not supported',
    status: 422,
    issue: 'not-supported',
    hl7: rejects('203'),
  },
  'hl7.batch-count': {
    title: 'A trailer of the batch counts something else',
    status: 422,
    issue: 'invariant',
    hl7: errs('207'),
  },
  'hl7.duplicate-conflict': {
    title: 'The control id came before with other content',
    status: 409,
    issue: 'duplicate',
    hl7: errs('205'),
  },

  'fhir.json': { title: 'The JSON is malformed or beyond a limit', status: 400, issue: 'structure' },
  'fhir.invalid': { title: 'The resource is not valid FHIR R4', status: 422, issue: 'invalid' },
  'fhir.unsupported': {
    title: 'The resource type or interaction is not supported',
    status: 422,
    issue: 'not-supported',
  },

  'record.unmappable': {
    title: 'The message cannot be mapped to a record',
    status: 422,
    issue: 'processing',
    hl7: errs('207'),
  },
  'record.not-found': { title: 'There is no such record', status: 404, issue: 'not-found' },
  'record.parked': { title: 'The record waits for a person', status: 409, issue: 'processing' },

  'patient.not-identified': {
    title: 'The patient carries no agreed identifier',
    status: 422,
    issue: 'required',
    hl7: errs('204'),
  },
  'patient.not-searchable': {
    title: 'The identifier is of no system searched here',
    status: 422,
    issue: 'not-supported',
    hl7: errs('204'),
  },
  'patient.ambiguous': {
    title: 'The identifiers point at more than one patient',
    status: 409,
    issue: 'conflict',
    hl7: errs('204'),
  },
  'patient.not-enrolled': { title: 'The patient has no key enrolled', status: 409, issue: 'business-rule' },

  'vault.deal': { title: 'The deal does not verify', status: 422, issue: 'security' },
  'vault.capsule': { title: 'The capsule does not verify', status: 422, issue: 'security' },
  'vault.fragment': { title: 'The fragment does not verify', status: 422, issue: 'security' },
  'vault.share': { title: 'The share does not match its commitment', status: 422, issue: 'security' },
  'vault.tampered': { title: 'Sealed bytes do not verify', status: 500, issue: 'security' },
  'vault.formula': { title: 'The formula is not allowed', status: 422, issue: 'business-rule' },
  'vault.sealed-off': { title: 'No authorized set has acknowledged its leaves', status: 409, issue: 'business-rule' },
  'vault.key-unavailable': { title: 'A key cannot be used', status: 503, issue: 'transient', hl7: errs('207') },

  'blob.tampered': { title: 'Stored bytes do not match their address', status: 500, issue: 'security' },
  'blob.locked': { title: 'The store must keep these bytes for now', status: 409, issue: 'business-rule' },
  'blob.missing': { title: 'Stored bytes are not there', status: 404, issue: 'not-found' },

  'ledger.endorsement-mismatch': { title: 'Endorsers disagree', status: 502, issue: 'security' },
  'ledger.chaincode-mismatch': { title: 'Endorsers run different chaincode', status: 502, issue: 'security' },
  'ledger.conflict': { title: 'The transaction lost a race', status: 409, issue: 'lock-error' },
  'ledger.refused': { title: 'The chaincode refused', status: 422, issue: 'business-rule' },
  'ledger.tampered': { title: 'The chain does not verify', status: 500, issue: 'security' },
  'ledger.unavailable': { title: 'The ledger cannot be reached', status: 503, issue: 'transient' },
  'ledger.clock': { title: 'The time is outside what endorsers accept', status: 422, issue: 'invalid' },

  'access.denied': { title: 'The policy denies', status: 403, issue: 'forbidden' },
  'access.no-legal-basis': { title: 'No legal basis covers the purpose', status: 403, issue: 'forbidden' },
  'access.reason-missing': {
    title: 'An emergency needs a reason, and nothing else has one',
    status: 422,
    issue: 'required',
  },
  'access.chain-reachable': {
    title: 'The chain can be reached: an emergency is granted there',
    status: 409,
    issue: 'business-rule',
  },
  'access.self-approval': { title: 'Nobody approves a request of their own', status: 403, issue: 'business-rule' },
  'access.person-twice': { title: 'One person fills one place only', status: 409, issue: 'business-rule' },
  'access.not-a-leaf': { title: 'Who approves holds no place in the formula', status: 403, issue: 'forbidden' },
  'access.forged': { title: 'A signature does not verify', status: 403, issue: 'security' },
  'access.expired': { title: 'The grant or request has expired', status: 403, issue: 'expired' },
  'access.revoked': { title: 'The grant is revoked', status: 403, issue: 'suppressed' },
  'access.incomplete': { title: 'Approvals are missing', status: 409, issue: 'incomplete' },
  'access.out-of-scope': { title: 'The grant does not cover this', status: 403, issue: 'forbidden' },

  'view.invalid': { title: 'The view does not verify', status: 422, issue: 'security' },
  'view.stale': { title: 'The view is too old', status: 409, issue: 'expired' },

  'audit.unavailable': { title: 'The audit log cannot be written', status: 503, issue: 'no-store', hl7: errs('207') },
  'audit.proof': { title: 'The audit proof does not verify', status: 422, issue: 'security' },

  'event.invalid': { title: 'The event does not match its schema', status: 422, issue: 'structure' },
  'event.fenced': {
    title: 'It waits for the earlier messages of another patient that it is joined with',
    status: 409,
    issue: 'lock-error',
  },
  'event.parked': { title: 'An earlier event of this key is parked', status: 409, issue: 'lock-error' },

  'crypto.invalid': {
    title: 'A key, signature or ciphertext is malformed or does not verify',
    status: 422,
    issue: 'security',
  },
  'crypto.unsupported': { title: 'The suite or version is unknown', status: 422, issue: 'not-supported' },

  'config.invalid': { title: 'The configuration is invalid', status: 500, issue: 'invalid' },
  'peer.unavailable': { title: 'Another institution or role cannot be reached', status: 503, issue: 'transient' },
  'peer.untrusted': { title: 'The other end is not who it must be', status: 403, issue: 'security' },
  'peer.refused': { title: 'Another institution or role refused', status: 502, issue: 'processing' },
  'source.missing': {
    title: 'The feed has no FHIR server configured to fetch from',
    status: 422,
    issue: 'not-supported',
  },
  'source.unavailable': { title: "The feed's FHIR server cannot be reached", status: 503, issue: 'transient' },
  'source.no-token': { title: "The feed's FHIR server gives no access token", status: 502, issue: 'transient' },
  'source.refused': { title: "The feed's FHIR server refuses", status: 502, issue: 'processing' },
  'source.invalid': { title: "The answer of the feed's FHIR server cannot be used", status: 502, issue: 'processing' },
  'storage.unavailable': { title: 'The storage cannot be used', status: 503, issue: 'transient', hl7: errs('207') },
  'bus.unavailable': { title: 'The bus cannot be used', status: 503, issue: 'transient', hl7: errs('207') },
  'service.stopping': { title: 'The service is stopping', status: 503, issue: 'transient', hl7: errs('207') },
  internal: { title: 'Something failed inside', status: 500, issue: 'exception', hl7: errs('207') },
} as const satisfies Record<string, Row>;

/** The closed union of codes, `<area>.<name>`. */
export type ProblemCode = keyof typeof table;

export const problems: Readonly<Record<ProblemCode, Row>> = Object.freeze(table);

export const problemCodes = Object.keys(table) as readonly ProblemCode[];

/** @returns whether a text is a code of the table (a foreign process may be of another release) */
export const isProblemCode = (text: unknown): text is ProblemCode =>
  typeof text === 'string' && Object.hasOwn(table, text);
