import type { Message } from '@medshare/hl7';
import { problem, type OperationOutcome } from '@medshare/problems';
import { Assembly } from './assemble.js';
import { referenceTo, type Context, type MapIssue, type MapOptions, type Resource } from './context.js';
import { messageHeader } from './msh-header.js';
import { dateTimeOf, timeOf } from './types-value.js';

export type Bundle = Resource & {
  readonly resourceType: 'Bundle';
  readonly entry: readonly { fullUrl: string; resource: Resource }[];
};
export type Mapped = { readonly bundle: Bundle; readonly issues: readonly MapIssue[] };

/** Receipts name the tables that made a record; raised whenever their output changes. */
export const mappingVersion = 1;

/**
 * HL7 v2 → FHIR R4, along HL7's v2-to-FHIR implementation guide: a Bundle of type message whose ids depend on `idFor` only, so that the same
 * message makes the same bytes. Practitioners, organisations and locations are references by identifier and name. Z segments and
 * whatever else has no row stay in the raw message and are listed as issues.
 * @throws Problem record.unmappable for types other than ADT and ORU, and without PID
 */
export const mapMessage = (message: Message, options: MapOptions): Mapped => {
  if (message.type !== 'ADT' && message.type !== 'ORU')
    throw problem('record.unmappable', { where: 'MSH-9.1', detail: 'no mapping for this message type' });
  if (message.first('PID') === undefined) throw problem('record.unmappable', { where: 'PID', detail: 'no patient' });
  const context: Context = { ...options, message, issues: [] };
  const header = messageHeader(context);
  const assembly = new Assembly(context);
  for (const segment of message.segments) assembly.read(segment);
  header['focus'] = assembly.focus.map(referenceTo);
  const entry = [header, ...assembly.resources].map((resource) => ({ fullUrl: `urn:uuid:${resource.id}`, resource }));
  return { bundle: { ...envelope(context), entry } as Bundle, issues: context.issues };
};

const envelope = (context: Context): Resource => {
  const time = timeOf(context.message.header.text(7) ?? '', context);
  const exact = time !== undefined && ['minute', 'second', 'fraction'].includes(time.precision);
  return {
    resourceType: 'Bundle',
    id: context.idFor('Bundle'),
    meta: { source: context.source },
    identifier: { value: context.message.controlId.trim() || undefined },
    type: 'message',
    ...(exact && { timestamp: dateTimeOf(time) }),
  };
};

const texts = {
  'not-mapped': 'A value that the record does not hold; the raw message does',
  'not-convertible': 'A value that could not be read as what it should be',
  'explicit-null': 'The sender asks to delete a value',
} as const;

/** @returns the loss report of one mapping, a warning an issue */
export const lossReport = (issues: readonly MapIssue[]): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue:
    issues.length === 0
      ? [{ severity: 'information', code: 'processing', details: { text: 'Everything was mapped' } }]
      : issues.map(({ code, where }) => ({
          severity: code === 'not-convertible' ? 'warning' : 'information',
          code: code === 'not-convertible' ? 'value' : 'incomplete',
          details: { coding: [{ system: 'urn:medshare:mapping', code }], text: texts[code] },
          diagnostics: where,
        })),
});
