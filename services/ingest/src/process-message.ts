import { toOperationOutcome, type Problem } from '@medshare/problems';
import type { Principal } from '@medshare/identity';
import type { RoleContext } from '@medshare/role';
import { Refused } from './read-fhir.js';
import type { ReceiveFhir } from './receive-fhir.js';

/** FHIR R4's table response-code (http://hl7.org/fhir/R4/valueset-response-code.html) */
export type ResponseCode = 'ok' | 'transient-error' | 'fatal-error';

/** What a message is answered with. */
export interface MessageResponse {
  readonly code: ResponseCode;
  /** HTTP status of the synchronous answer */
  readonly status: number;
  readonly bundle: object;
}

type Objects = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const plain = (value: unknown, form: RegExp): string | undefined =>
  typeof value === 'string' && form.test(value) ? value : undefined;

const fhirId = /^[A-Za-z0-9\-.]{1,64}$/;
const uri = /^[!-~]{1,512}$/;

/**
 * `$process-message` (http://hl7.org/fhir/R4/messageheader-operation-process-message.html): a message is durable before it is answered,
 * and answered by a message whose MessageHeader.response says what became of it.
 */
export class ProcessMessage {
  constructor(
    private readonly context: Pick<RoleContext, 'institution' | 'clock' | 'random'>,
    private readonly receive: ReceiveFhir,
  ) {}

  /** Never rejects for what is wrong with the message. */
  async process(bytes: Uint8Array, user: Principal, requestId: string | undefined): Promise<MessageResponse> {
    const header = headerOf(bytes);
    // MessageHeader.id stays the same when a message is sent again; the envelope's may not (R4 2.4.3.2)
    const id = plain(header?.['id'], fhirId);
    const request = requestId ?? (id === undefined ? undefined : `message/${id}`);
    try {
      await this.receive.message(bytes, user, request);
      return this.answer(header, 'ok', 200, []);
    } catch (caught) {
      if (!(caught instanceof Refused)) throw caught;
      const later = caught.problems.every(({ status }) => [408, 429, 503].includes(status));
      return this.answer(header, later ? 'transient-error' : 'fatal-error', caught.problems[0].status, caught.problems);
    }
  }

  private answer(
    header: Objects | undefined,
    code: ResponseCode,
    status: number,
    problems: readonly Problem[],
  ): MessageResponse {
    const { institution, clock, random } = this.context;
    const [headerId, outcomeId] = [random.uuid(), random.uuid()];
    const event = eventOf(header);
    const sender = header && isObject(header['source']) ? plain(header['source']['endpoint'], uri) : undefined;
    const response = {
      // what it answers, as far as it can be told
      identifier: plain(header?.['id'], fhirId) ?? 'unknown',
      code,
      details: { reference: `urn:uuid:${outcomeId}` },
    };
    const answered = {
      resourceType: 'MessageHeader',
      id: headerId,
      ...event,
      ...(sender !== undefined && { destination: [{ endpoint: sender }] }),
      source: { name: institution, software: 'medshare', endpoint: `urn:medshare:institution:${institution}` },
      response,
    };
    const outcome = { ...toOperationOutcome(problems), id: outcomeId };
    const bundle = {
      resourceType: 'Bundle',
      id: random.uuid(),
      type: 'message',
      timestamp: new Date(clock.now()).toISOString(),
      entry: [
        { fullUrl: `urn:uuid:${headerId}`, resource: answered },
        { fullUrl: `urn:uuid:${outcomeId}`, resource: outcome },
      ],
    };
    return { code, status, bundle };
  }
}

/** The event of the message is mirrored: it says to the sender which exchange this ends. */
function eventOf(header: Objects | undefined): object {
  const coding = header?.['eventCoding'];
  if (isObject(coding)) {
    const [system, code] = [plain(coding['system'], uri), plain(coding['code'], /^[!-~]( ?[!-~]){0,127}$/)];
    return { eventCoding: { ...(system && { system }), ...(code && { code }) } };
  }
  const address = plain(header?.['eventUri'], uri);
  return { eventUri: address ?? 'urn:medshare:event:unknown' };
}

/** The header, where the bytes are JSON at all; what is wrong with them the reading says. */
function headerOf(bytes: Uint8Array): Objects | undefined {
  try {
    const bundle: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const entries: unknown = isObject(bundle) ? bundle['entry'] : undefined;
    const first: unknown = Array.isArray(entries) ? entries[0] : undefined;
    const resource = isObject(first) ? first['resource'] : undefined;
    return isObject(resource) && resource['resourceType'] === 'MessageHeader' ? resource : undefined;
  } catch {
    return undefined;
  }
}
