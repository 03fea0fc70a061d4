import type { z } from 'zod';
import { auditRecorded, checkpointMade } from './events/audit.js';
import { chainChanged, consentRecorded, emergencyNoticed, emergencyReleased, requestNoticed } from './events/chain.js';
import {
  messageAccepted,
  patientLinked,
  recordAnchored,
  recordClassified,
  recordReceived,
  recordSealed,
} from './events/record.js';

/** Every event between the roles of one institution: topic → version → shape. `schemas/events` is generated from it. */
export const catalogue = {
  'message.accepted': { version: 1, schema: messageAccepted },
  'patient.linked': { version: 1, schema: patientLinked },
  'record.received': { version: 1, schema: recordReceived },
  'record.classified': { version: 1, schema: recordClassified },
  'record.sealed': { version: 1, schema: recordSealed },
  'record.anchored': { version: 1, schema: recordAnchored },
  'chain.changed': { version: 1, schema: chainChanged },
  'request.noticed': { version: 1, schema: requestNoticed },
  'emergency.noticed': { version: 1, schema: emergencyNoticed },
  'emergency.released': { version: 1, schema: emergencyReleased },
  'consent.recorded': { version: 1, schema: consentRecorded },
  'audit.recorded': { version: 1, schema: auditRecorded },
  'checkpoint.made': { version: 1, schema: checkpointMade },
} as const;

export type Topic = keyof typeof catalogue;
export type EventOf<T extends Topic> = z.infer<(typeof catalogue)[T]['schema']>;

/** The envelope as it travels on the bus (structurally a BusMessage). */
export interface EventMessage {
  id: string;
  topic: string;
  key: string;
  headers: Record<string, string>;
  value: unknown;
}

/** Checks the value against its topic's schema and wraps it. `id` makes redelivery harmless, `key` orders. */
export function event<T extends Topic>(
  topic: T,
  envelope: { id: string; key: string; headers?: Record<string, string> },
  value: EventOf<T>,
): EventMessage {
  const { version, schema } = catalogue[topic];
  return {
    id: envelope.id,
    topic,
    key: envelope.key,
    headers: { ...envelope.headers, version: String(version) },
    value: schema.parse(value),
  };
}

/** Reads an event of any released version; throws a ZodError that names the field. */
export function decode<T extends Topic>(topic: T, message: Pick<EventMessage, 'headers' | 'value'>): EventOf<T> {
  const { version, schema } = catalogue[topic];
  const found = Number(message.headers.version ?? version);
  if (found > version) throw new Error(`${topic} v${found} is newer than this release reads (v${version})`);
  return schema.parse(message.value) as EventOf<T>;
}
