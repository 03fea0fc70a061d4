import {
  bundleKind,
  isSupportedResource,
  parseFhirJson,
  replacedIdentifiers,
  validateBundle,
  type FhirJson,
} from '@medshare/fhir';
import { MAX_FENCE_KEYS } from '@medshare/outbox';
import { asProblem, problem, type Problem } from '@medshare/problems';
import type { Candidate } from './candidate.js';
import { agreedFirst, identifiersOfBundle } from './find-patient.js';
import type { KeyedHashes } from './keyed-hashes.js';

/** What is known of whoever calls, before the body is looked at. */
export interface FhirSource {
  readonly feed: string;
  readonly zone: string;
  readonly onConflict: Candidate['onConflict'];
  /** who sent it under which request id; undefined when the caller gave none */
  readonly request?: readonly [caller: string, id: string];
  /** keyed hash of what it is one version of, for resources of a FHIR server */
  readonly version?: string;
}

export interface ReadFhirOptions {
  readonly maxBytes: number;
  readonly agreedSystems: readonly string[];
  readonly hashes: KeyedHashes;
}

/** One entry of a batch: a candidate of its own, or what was wrong with it. */
export type BatchEntry = Candidate | readonly Problem[];
export type Interaction =
  | { readonly kind: 'transaction'; readonly candidate: Candidate; readonly entries: number }
  | { readonly kind: 'batch'; readonly entries: readonly BatchEntry[] };

/** Several things are wrong at once; the edge lists them all. */
export class Refused extends Error {
  constructor(readonly problems: readonly [Problem, ...Problem[]]) {
    super('refused');
  }
}

/** entries of a batch or transaction */
const maxEntries = 5_000;
type Objects = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const encoder = new TextEncoder();
/** Puts exact bytes into a Bundle with one entry; nothing of them is written anew. */
const around = (head: string, bytes: Uint8Array, tail: string): Uint8Array =>
  Buffer.concat([encoder.encode(head), bytes, encoder.encode(tail)]);

/** Checks FHIR R4 input before it is accepted. What is accepted is kept as the bytes that came. */
export class ReadFhir {
  constructor(private readonly options: ReadFhirOptions) {}

  /** The body of `POST /fhir` (http://hl7.org/fhir/R4/http.html#transaction). @throws Problem, Refused */
  interaction(bytes: Uint8Array, source: FhirSource): Interaction {
    const json = this.parse(bytes);
    const kind = json.value['resourceType'] === 'Bundle' ? json.value['type'] : undefined;
    if (kind !== 'transaction' && kind !== 'batch')
      throw problem('fhir.unsupported', { where: 'Bundle.type', detail: 'a batch or a transaction is posted here' });
    const entries = Array.isArray(json.value['entry']) ? (json.value['entry'] as unknown[]) : [];
    if (entries.length > maxEntries)
      throw problem('request.too-large', { where: 'Bundle.entry', detail: `at most ${maxEntries} entries` });
    if (kind === 'batch') return { kind, entries: entries.map((_, index) => this.batchEntry(json, index, source)) };
    entries.forEach(checkRequest);
    return { kind, candidate: this.candidate(json, [bytes, bytes], source), entries: entries.length };
  }

  /** The body of `POST /fhir/{type}`: a resource, or a Bundle that is one record. @throws Problem, Refused */
  resource(type: string, bytes: Uint8Array, source: FhirSource): Candidate {
    if (!isSupportedResource(type))
      throw problem('fhir.unsupported', { where: 'resourceType', detail: 'the type is not supported' });
    const json = this.parse(bytes);
    if (json.value['resourceType'] !== type)
      throw problem('fhir.invalid', {
        where: `${type}.resourceType`,
        detail: 'not of the type that the address names',
      });
    if (type === 'Bundle') return this.candidate(json, [bytes, bytes], source);
    const bundle = around('{"resourceType":"Bundle","type":"collection","entry":[{"resource":', bytes, '}]}');
    return relocated('Bundle.entry[0].resource', type, () =>
      this.candidate(this.parse(bundle), [bundle, bytes], source),
    );
  }

  /** The body of `POST /fhir/$process-message`: a message, its MessageHeader first (R4 2.4.1). @throws Problem, Refused */
  message(bytes: Uint8Array, source: FhirSource): Candidate {
    const json = this.parse(bytes);
    const { resourceType, type, entry } = json.value;
    if (resourceType !== 'Bundle' || type !== 'message')
      throw problem('fhir.unsupported', { where: 'Bundle.type', detail: 'a message is posted here' });
    const first: unknown = Array.isArray(entry) ? entry[0] : undefined;
    const header = isObject(first) ? first['resource'] : undefined;
    if (!isObject(header) || header['resourceType'] !== 'MessageHeader')
      throw problem('fhir.invalid', { where: 'Bundle.entry[0].resource', detail: 'a MessageHeader comes first' });
    if (header['response'] !== undefined)
      throw problem('fhir.unsupported', { where: 'Bundle.entry[0].resource.response', detail: 'nothing was asked' });
    return this.candidate(json, [bytes, bytes], source);
  }

  /** A Bundle or a resource of any kind, for a preview. @throws Problem, Refused */
  any(bytes: Uint8Array, source: FhirSource): Candidate {
    const { value } = this.parse(bytes);
    const type = typeof value['resourceType'] === 'string' ? value['resourceType'] : '';
    return this.resource(type, bytes, source);
  }

  /** Entries of a batch do not depend on each other (R4 3.1.0.11.1): each is a record of its own, exactly as it stands. */
  private batchEntry(json: FhirJson, index: number, source: FhirSource): BatchEntry {
    try {
      const span = json.entries[index];
      const entries = json.value['entry'] as unknown[];
      checkRequest(entries[index], index);
      if (!span) throw problem('internal');
      const raw = json.bytes.subarray(span.start, span.end);
      const bundle = around('{"resourceType":"Bundle","type":"batch","entry":[', raw, ']}');
      const { request } = source;
      const own: FhirSource = request ? { ...source, request: [request[0], `${index}/${request[1]}`] } : source;
      return relocated('Bundle.entry[0]', `Bundle.entry[${index}]`, () =>
        this.candidate(this.parse(bundle), [bundle, raw], own),
      );
    } catch (caught) {
      return caught instanceof Refused ? caught.problems : [asProblem(caught)];
    }
  }

  private parse(bytes: Uint8Array): FhirJson {
    return parseFhirJson(bytes, { bytes: this.options.maxBytes + 256 });
  }

  private candidate({ value }: FhirJson, parts: readonly [Uint8Array, Uint8Array], source: FhirSource): Candidate {
    const { hashes, agreedSystems } = this.options;
    const [first, ...others] = validateBundle(value);
    if (first) throw new Refused([first, ...others]);
    bundleKind(value);
    const [patient, ...further] = agreedFirst(identifiersOfBundle(value), agreedSystems);
    const { feed, zone, onConflict, request, version } = source;
    const key = version ?? (request && hashes.message('fhir', ...request));
    const replaced = replacedIdentifiers(value).map((each) => hashes.patient(each, feed));
    const merge = replaced.length > 0 && { kind: 'merge' as const, identifiers: replaced };
    return {
      kind: 'fhir',
      arrival: {
        feed,
        zone,
        systems: {},
        ...(key !== undefined && { key }),
        ...(merge && { link: merge.kind }),
      },
      onConflict,
      content: hashes.content(parts[1]),
      patientKey: patient ? hashes.patient(patient, feed) : hashes.nobody(feed),
      aliases: further.slice(0, MAX_FENCE_KEYS).map((each) => hashes.patient(each, feed)),
      ...(merge && { link: merge }),
      parts,
    };
  }
}

/** Records are statements of a sender: they are created or replaced, and neither read nor deleted here. */
function checkRequest(entry: unknown, index: number): void {
  const at = `Bundle.entry[${index}]`;
  const request = isObject(entry) ? entry['request'] : undefined;
  const method = isObject(request) ? request['method'] : undefined;
  if (method === undefined) throw problem('fhir.invalid', { where: `${at}.request`, detail: 'a request is required' });
  if (method !== 'POST' && method !== 'PUT')
    throw problem('fhir.unsupported', { where: `${at}.request.method`, detail: 'POST and PUT are taken' });
  if (isObject(request) && request['ifMatch'] !== undefined)
    throw problem('fhir.unsupported', { where: `${at}.request.ifMatch`, detail: 'versions are not kept here' });
  if (!isObject(entry) || !isObject(entry['resource']))
    throw problem('fhir.invalid', { where: `${at}.resource`, detail: 'a resource is required' });
}

/** Places are told as the sender knows them, not as they stand in a Bundle made here. */
function relocated<T>(from: string, to: string, work: () => T): T {
  const move = (each: Problem): Problem =>
    each.where?.startsWith(from)
      ? problem(each.code, { where: to + each.where.slice(from.length), detail: each.detail, cause: each.cause })
      : each;
  try {
    return work();
  } catch (caught) {
    if (!(caught instanceof Refused)) throw move(asProblem(caught));
    const [first, ...others] = caught.problems;
    throw new Refused([move(first), ...others.map(move)]);
  }
}
