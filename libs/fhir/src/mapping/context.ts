import type { Message } from '@medshare/hl7';
import type { Ledger } from './ledger.js';

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

export type Context = MapOptions & { readonly message: Message; readonly ledger: Ledger };

export type Resource = { resourceType: string; id: string; [element: string]: unknown };

/** A reference inside the bundle (entries are found by their fullUrl). */
export const referenceTo = ({ resourceType, id }: Pick<Resource, 'resourceType' | 'id'>) => ({
  reference: `urn:uuid:${id}`,
  type: resourceType,
});

export const create = (context: Context, resourceType: string, position: string, elements: object = {}): Resource => ({
  resourceType,
  id: context.idFor(position),
  ...elements,
});
