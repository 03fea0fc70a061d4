import { problem } from '@medshare/problems';
import { scanJson, type Span } from './json-scanner.js';

/** What a JSON document may cost; inclusive. */
export type JsonLimits = {
  readonly bytes: number;
  /** nesting of objects and arrays */
  readonly depth: number;
  /** values of any kind, counted before anything is built */
  readonly values: number;
  /** members of one object, elements of one array */
  readonly members: number;
};

export const defaultJsonLimits: JsonLimits = Object.freeze({
  bytes: 8 * 1024 * 1024,
  depth: 40,
  values: 500_000,
  members: 50_000,
});

export type FhirJson = {
  /** for looking at only: numbers have lost their lexical form */
  readonly value: Readonly<Record<string, unknown>>;
  /** the record's source; nothing writes it again */
  readonly bytes: Uint8Array;
  /** where each element of the top-level `entry` array stands in the bytes, end exclusive */
  readonly entries: readonly Span[];
  /** where the `resource` of each of them stands; undefined where it has none */
  readonly resources: readonly (Span | undefined)[];
};

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads FHIR JSON (http://hl7.org/fhir/R4/json.html) strictly: UTF-8, one object, no duplicate names. The bytes are scanned once against
 * the limits before JSON.parse builds anything.
 * @throws Problem fhir.json, whose `where` is a path such as `$.entry[2].resource`
 */
export const parseFhirJson = (bytes: Uint8Array, limits: Partial<JsonLimits> = {}): FhirJson => {
  const bounds = { ...defaultJsonLimits, ...limits };
  if (bytes.length > bounds.bytes)
    throw problem('fhir.json', { where: '$', detail: `more than ${bounds.bytes} bytes` });
  const { entries, resources } = scanJson(bytes, bounds);
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw problem('fhir.json', { where: '$', detail: 'not an object' });
  return { value: value as Record<string, unknown>, bytes, entries, resources };
};

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw problem('fhir.json', { where: '$', detail: 'not JSON in UTF-8', cause });
  }
};

/** A decimal whose digits are kept as the source wrote them (FHIR R4 decimal: precision is meaning). */
export class Decimal {
  /** @param lexical of the form that JSON has for numbers */
  constructor(readonly lexical: string) {
    if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(lexical)) throw problem('fhir.json', { detail: 'not a decimal' });
  }
}

const encoder = new TextEncoder();

/** Writes a resource once, decimals verbatim, members in their order, `undefined` left out. These bytes are the record from then on. */
export const toJsonBytes = (value: unknown): Uint8Array => encoder.encode(write(value));

const write = (value: unknown): string => {
  if (value instanceof Decimal) return value.lexical;
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw problem('fhir.json', { detail: 'a number that is no integer' });
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(',')}}`;
};
