import { supported, type Message } from '@medshare/hl7';
import { problem } from '@medshare/problems';
import { referenceTo, type Context, type MapOptions, type Resource } from './context.js';
import { Ledger, type MapIssue } from './ledger.js';
import { bundleEnvelope, messageHeader } from './msh-header.js';
import { Scene } from './scene.js';
import { segments } from './segments.js';

export type Bundle = Resource & {
  readonly resourceType: 'Bundle';
  readonly entry: readonly { fullUrl: string; resource: Resource }[];
};
export type Mapped = { readonly bundle: Bundle; readonly issues: readonly MapIssue[] };

/** Receipts name the tables that made a record; raised whenever their output changes. */
export const mappingVersion = 2;

/** what a message is about, for its header */
const focal = new Set([
  'Patient',
  'Encounter',
  'DiagnosticReport',
  'DocumentReference',
  'Immunization',
  'MedicationRequest',
  'MedicationDispense',
  'ServiceRequest',
  'Appointment',
  'Goal',
  'ChargeItem',
]);

/** what a message is about although others carry it along */
const problemOf: Readonly<Record<string, string>> = { PPR: 'Condition' };

/**
 * HL7 v2 → FHIR R4, along HL7's v2-to-FHIR implementation guide: a Bundle of type message whose ids depend on `idFor` only, so that the same
 * message makes the same bytes. Practitioners, organisations and locations are references by identifier and name. Every valued place of
 * the message is in the Bundle or among the issues.
 * @throws Problem record.unmappable for message types that nothing is known of, and without PID
 */
export const mapMessage = (message: Message, options: MapOptions): Mapped => {
  if (!supported.has(message.type))
    throw problem('record.unmappable', { where: 'MSH-9.1', detail: 'no mapping for this message type' });
  if (message.first('PID') === undefined) throw problem('record.unmappable', { where: 'PID', detail: 'no patient' });
  const context: Context = { ...options, message, ledger: new Ledger() };
  const envelope = bundleEnvelope(context);
  const scene = new Scene(context, messageHeader(context));
  for (const segment of message.segments)
    if (Object.hasOwn(segments, segment.name)) segments[segment.name]?.(segment, scene);
  scene.finish();
  scene.header['focus'] = scene.resources
    .filter(({ resourceType }) => focal.has(resourceType) || resourceType === problemOf[message.type])
    .map(referenceTo);
  const entry = [scene.header, ...scene.resources].map((resource) => ({
    fullUrl: `urn:uuid:${resource.id}`,
    resource,
  }));
  return { bundle: { ...envelope, entry } as unknown as Bundle, issues: context.ledger.report(message) };
};
