import type { Segment } from '@medshare/hl7';
import type { Context, Resource } from './context.js';
import { isText, observationValues } from './obx-value.js';
import { Reading } from './reading.js';
import type { Scene } from './scene.js';
import { push } from './table.js';

/** HL7 tables 0191 and 0291: what an ED or RP holds */
const subtypes: Readonly<Record<string, string>> = {
  PDF: 'application/pdf',
  JPEG: 'image/jpeg',
  PNG: 'image/png',
  TIFF: 'image/tiff',
  GIF: 'image/gif',
  HTML: 'text/html',
  XML: 'application/xml',
  RTF: 'application/rtf',
  'OCTET-STREAM': 'application/octet-stream',
};

export type Attachment = { contentType?: string; title?: string; url?: string; data?: string };

const base64 = /^([A-Za-z\d+/]{4})*([A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

/** OBX-5 of type ED: source ^ type ^ subtype ^ encoding ^ data */
const embedded = (value: Reading): Attachment | undefined => {
  const data = value.peek(5)?.replace(/\s/g, '');
  if (data === undefined || !base64.test(data) || value.code(4, { BASE64: true }) === undefined) return undefined;
  value.text(5);
  return { contentType: value.code(3, subtypes) ?? 'application/octet-stream', data };
};

/** OBX-5 of type RP: pointer ^ application ^ type ^ subtype */
const pointed = (value: Reading): Attachment | undefined => {
  const url = value.peek(1);
  if (url === undefined || !/^[A-Za-z][A-Za-z\d+.-]*:\S+$/.test(url)) return undefined;
  value.text(1);
  const contentType = value.code(4, subtypes);
  return { ...(contentType && { contentType }), url };
};

const titleOf = (segment: Segment): Reading => new Reading(segment, segment.first(3));

/** @returns what the repetitions of OBX-5 hold, by their positions; what is neither is reported */
export const attachmentsOf = (
  segment: Segment,
  context: Context,
): readonly { attachment: Attachment; where: string }[] => {
  const read = segment.text(2) === 'RP' ? pointed : embedded;
  return segment.repetitions(5).flatMap((each) => {
    const value = new Reading(segment, each);
    const found = read(value);
    if (found === undefined) {
      if (each.raw !== '') context.ledger.explain(value.where(), 'not-convertible');
      return [];
    }
    const title = titleOf(segment);
    const name = title.text(2);
    context.ledger.take([...value.read, ...title.read, segment.first(2).where(1, 1)]);
    return [{ attachment: { ...found, ...(name && { title: name }) }, where: value.where() }];
  });
};

const encoder = new TextEncoder();
const toBase64 = (text: string): string =>
  btoa(Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join(''));

export const textAttachment = (title: string, lines: readonly string[]): Attachment => ({
  contentType: 'text/plain; charset=utf-8',
  data: toBase64(lines.join('\n')),
  title,
});

/** Lines of one kind (OBX-3) are one text of the document; ED and RP are contents of their own. */
export const documentText = (segment: Segment, scene: Scene, document: Resource): void => {
  if (!isText(segment)) {
    for (const { attachment } of attachmentsOf(segment, scene.context)) push(document, 'content', { attachment });
    return;
  }
  const [line] = observationValues(segment, scene.context);
  const heading = titleOf(segment);
  const title = heading.text(2) ?? heading.text(1) ?? 'text';
  scene.context.ledger.take(heading.read);
  const lines = scene.texts.get(title) ?? [];
  lines.push(String(line?.['valueString'] ?? ''));
  scene.texts.set(title, lines);
};
