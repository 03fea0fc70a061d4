import { push, unless, type Condition, type Table, type Type } from './table.js';
import type { Segment } from '@medshare/hl7';
import { textAttachment } from './obx-attachment.js';
import type { Scene, SegmentReader } from './scene.js';
import { codedIn, confidentiality, translated } from './types-coded.js';
import { bareIdentifier, EI, identified, identifierOf, XCN } from './types-identity.js';
import { dateTime, instantAt, text } from './types-value.js';
import { referenceTo, type Resource } from './context.js';

/** HL7 table 0271 → CompositionStatus */
const completion = {
  AU: 'final',
  LA: 'final',
  DI: 'preliminary',
  DO: 'preliminary',
  IN: 'preliminary',
  IP: 'preliminary',
  PA: 'preliminary',
};
/** HL7 table 0273 → DocumentReferenceStatus */
const availability = { AV: 'current', OB: 'superseded', CA: 'entered-in-error' };
/** HL7 table 0191 → media type of what has no content in the message */
const presentations = { TX: 'text/plain', FT: 'text/plain', PDF: 'application/pdf' };

const triggeredBy =
  (...triggers: readonly string[]): Condition =>
  (_, { message }) =>
    triggers.includes(message.trigger);
const parent =
  (code: string): Type =>
  (value, context) => {
    const target = identified('DocumentReference')(value, context);
    return target === undefined ? undefined : { code, target };
  };

const related = (kind: 'PLAC' | 'FILL') => identified('ServiceRequest', identifierOf(kind));
const security: Type = (value, context) => {
  const found = confidentiality(value, context);
  return found === undefined ? undefined : { coding: [found] };
};

/** TXA → DocumentReference */
const document: Table = {
  rows: [
    [2, 'type', codedIn('0270')],
    [4, 'context.period.start', dateTime],
    [5, 'author[]', XCN],
    [6, 'date', instantAt(1, ['minute', 'second', 'fraction'])],
    [9, 'author[]', XCN],
    [10, 'authenticator', XCN],
    [12, 'masterIdentifier', EI],
    [13, 'relatesTo[]', parent('appends'), triggeredBy('T05', 'T06')],
    [13, 'relatesTo[]', parent('replaces'), triggeredBy('T09', 'T10')],
    [14, 'context.related[]', related('PLAC')],
    [15, 'context.related[]', related('FILL')],
    [16, 'identifier[]', bareIdentifier],
    [17, 'docStatus', translated(completion)],
    [18, 'securityLabel[]', security],
    [19, 'status', translated(availability)],
    [22, 'authenticator', XCN, unless(10)],
    [25, 'description', text],
  ],
  messageOnly: [1],
};

/** TXA-3 says what kind of thing the document is, where the message does not bring it */
const presentation: Table = { rows: [[3, 'contentType', translated(presentations)]] };

/** What the message brings of the document; an attachment is required. */
const settleContent = (found: Resource, segment: Segment, scene: Scene): void => {
  const texts = [...scene.texts].map(([title, lines]) => ({ attachment: textAttachment(title, lines) }));
  const contents = [...texts, ...((found['content'] ?? []) as object[])];
  if (contents.length > 0) {
    found['content'] = contents;
    return;
  }
  const attachment = { title: 'The content is not in the message' };
  scene.fill(attachment, segment, presentation);
  push(found, 'content', { attachment });
};

/** In MDM a document; in results it tells of the report only, which stands for itself. */
export const TXA: SegmentReader = (segment, scene) => {
  if (scene.patient === undefined || scene.message.type !== 'MDM') return;
  const found = scene.add('DocumentReference', segment, document, scene.subject);
  found['status'] ??= 'current';
  const context = (found['context'] ??= {}) as Resource;
  if (scene.encounter !== undefined) push(context, 'encounter', referenceTo(scene.encounter));
  if (scene.request !== undefined) push(context, 'related', referenceTo(scene.request));
  if (Object.keys(context).length === 0) delete found['context'];
  scene.document = found;
  scene.focusOn(found);
  scene.finally(() => settleContent(found, segment, scene));
};
