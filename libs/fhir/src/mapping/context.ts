import type { Message } from '@medshare/hl7';

export type MapOptions = {
  /** IANA name or `+08:00`: where times without an offset were taken */
  readonly feedZone: string;
  /** a UUID for a place in this message, always the same for the same message and place */
  readonly idFor: (position: string) => string;
  /** URI of who made the record, kept as `meta.source` */
  readonly source: string;
  /** identifier systems the feed agreed on: HD namespace → URI, for authorities that the message names without a universal id */
  readonly systems?: Readonly<Record<string, string>>;
};

/**
 * What the record does not hold of the message; the raw message does.
 * `not-mapped`: a value that no row of the tables takes; `not-convertible`: a value that its row could not read;
 * `explicit-null`: the sender asked to delete.
 */
export type MapIssue = {
  readonly code: 'not-mapped' | 'not-convertible' | 'explicit-null';
  /** `PID-3[2].4` or a segment's name */
  readonly where: string;
};

export type Context = MapOptions & { readonly message: Message; readonly issues: MapIssue[] };

export type Resource = { resourceType: string; id: string; [element: string]: unknown };

/** A reference inside the bundle (entries are found by their fullUrl). */
export const referenceTo = ({ resourceType, id }: Resource) => ({ reference: `urn:uuid:${id}`, type: resourceType });

export const create = (context: Context, resourceType: string, position: string, elements: object = {}): Resource => ({
  resourceType,
  id: context.idFor(position),
  ...elements,
});
