import { parseFhirJson } from '@medshare/fhir';
import { problem } from '@medshare/problems';

export type NotificationType = 'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event';
const types: ReadonlySet<unknown> = new Set<NotificationType>([
  'handshake',
  'heartbeat',
  'event-notification',
  'query-status',
  'query-event',
]);
/** http://hl7.org/fhir/R4/valueset-subscription-status.html */
const statuses: ReadonlySet<unknown> = new Set(['requested', 'active', 'error', 'off', 'entered-in-error']);

export interface ResourceName {
  readonly type: string;
  readonly id: string;
}

export interface NotificationEvent {
  readonly number: number;
  /** what it is about; `elsewhere` for a reference to another server than the subscription's */
  readonly focus: ResourceName | 'elsewhere' | undefined;
}

export interface Attached {
  readonly name: Partial<ResourceName>;
  /** exact bytes */
  readonly bytes: Uint8Array;
  /** index of its entry in the Bundle */
  readonly entry: number;
}

/** A notification of the Subscriptions R5 Backport IG (1.1): status as Parameters in R4, as SubscriptionStatus in R4B and R5. */
export interface Notification {
  readonly type: NotificationType;
  /** of the subscription, as the source says: active, error, off */
  readonly status: string;
  /** logical id of the Subscription on its server */
  readonly subscription: string;
  readonly since: number | undefined;
  /** the Bundle's own time, ms */
  readonly at: number | undefined;
  readonly events: readonly NotificationEvent[];
  readonly attached: readonly Attached[];
  /** resources that are gone at the source: entries that say DELETE */
  readonly deleted: readonly ResourceName[];
}

type Objects = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): Objects[] => (Array.isArray(value) ? value.filter(isObject) : []);

const maxEvents = 5_000;
const statusAt = 'Bundle.entry[0].resource';
const refuse = (place: string, detail: string) => problem('fhir.invalid', { where: `${statusAt}${place}`, detail });

/** @throws Problem fhir.json, fhir.invalid, request.too-large */
export function readNotification(bytes: Uint8Array, maxBytes: number): Notification {
  const { value, resources } = parseFhirJson(bytes, { bytes: maxBytes });
  const entries = Array.isArray(value['entry']) ? (value['entry'] as unknown[]) : [];
  const first = isObject(entries[0]) ? entries[0]['resource'] : undefined;
  const told = isObject(first) ? statusOf(first) : undefined;
  if (value['resourceType'] !== 'Bundle' || !told)
    throw refuse('', 'a notification begins with the status of its subscription');
  if (!types.has(told.type)) throw refuse('.type', 'not a type of notification');
  if (!statuses.has(told.status)) throw refuse('.status', 'not a status of a subscription');
  const named = parseReference(told.subscription);
  if (named?.type !== 'Subscription') throw refuse('.subscription', 'a reference to a Subscription');
  if (told.events.length > maxEvents)
    throw problem('request.too-large', { where: statusAt, detail: `at most ${maxEvents} events` });
  const events = told.events.map(({ number, focus }): NotificationEvent => {
    const found = parseReference(focus);
    const elsewhere = found?.base !== undefined && named.base !== undefined && found.base !== named.base;
    const counted = numberOf(number);
    if (counted === 0) throw refuse('', 'events are counted from 1');
    return { number: counted, focus: elsewhere ? 'elsewhere' : found && { type: found.type, id: found.id } };
  });
  const at = typeof value['timestamp'] === 'string' ? Date.parse(value['timestamp']) : NaN;
  return {
    type: told.type as NotificationType,
    status: told.status as string,
    subscription: named.id,
    since: told.since === undefined ? undefined : numberOf(told.since),
    at: Number.isNaN(at) ? undefined : at,
    events,
    attached: entries.flatMap((entry, index): Attached[] => {
      const span = resources[index];
      const resource = isObject(entry) ? entry['resource'] : undefined;
      if (index === 0 || !span || !isObject(resource)) return [];
      const { resourceType: type, id } = resource;
      const name = { ...(typeof type === 'string' && { type }), ...(typeof id === 'string' && { id }) };
      return [{ name, bytes: bytes.subarray(span.start, span.end), entry: index }];
    }),
    deleted: objects(entries.slice(1)).flatMap(({ request, fullUrl }) => {
      if (!isObject(request) || request['method'] !== 'DELETE') return [];
      const found = parseReference(request['url']) ?? parseReference(fullUrl);
      return found ? [{ type: found.type, id: found.id }] : [];
    }),
  };
}

interface Status {
  readonly type: unknown;
  readonly status: unknown;
  readonly subscription: unknown;
  readonly since: unknown;
  readonly events: readonly { number: unknown; focus: unknown }[];
}

function statusOf(status: Objects): Status | undefined {
  if (status['resourceType'] === 'SubscriptionStatus')
    return {
      type: status['type'],
      status: status['status'],
      subscription: status['subscription'],
      since: status['eventsSinceSubscriptionStart'],
      events: objects(status['notificationEvent']).map((each) => ({
        number: each['eventNumber'],
        focus: each['focus'],
      })),
    };
  if (status['resourceType'] !== 'Parameters') return undefined;
  const parameters = objects(status['parameter']);
  const value = (of: readonly Objects[], name: string, ...keys: string[]) => {
    const found = of.find((each) => each['name'] === name);
    return found && keys.map((key) => found[key]).find((each) => each !== undefined);
  };
  return {
    type: value(parameters, 'type', 'valueCode'),
    status: value(parameters, 'status', 'valueCode'),
    subscription: value(parameters, 'subscription', 'valueReference'),
    // servers write the counts as numbers, too
    since: value(parameters, 'events-since-subscription-start', 'valueString', 'valueInteger', 'valueUnsignedInt'),
    events: parameters
      .filter(({ name }) => name === 'notification-event')
      .map(({ part }) => ({
        number: value(objects(part), 'event-number', 'valueString', 'valueInteger', 'valueUnsignedInt'),
        focus: value(objects(part), 'focus', 'valueReference'),
      })),
  };
}

/** Type and id of a reference, absolute or not; its version is not heeded. */
export function parseReference(reference: unknown): (ResourceName & { base?: string }) | undefined {
  const text = isObject(reference) ? reference['reference'] : reference;
  if (typeof text !== 'string' || text.length > 2_048) return undefined;
  const [, base, type, id] =
    /^(https?:\/\/[^?#\s]+\/)?([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/.exec(
      text,
    ) ?? [];
  if (type === undefined || id === undefined) return undefined;
  return { type, id, ...(base !== undefined && { base }) };
}

function numberOf(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw refuse('', 'a number of events is a whole number');
}
