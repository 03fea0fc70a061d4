/** What is met on the way through a resource. `path` is built only when asked for. */
export type Visitor = {
  readonly coding: (system: string | undefined, code: string, path: () => string) => void;
  readonly text: (key: string, text: string, path: () => string) => void;
  /** base64 content; `contentType` as declared beside it */
  readonly content: (data: string, contentType: string | undefined, path: () => string) => void;
  /** `elements` are the names on the way, `['result']` for DiagnosticReport.result[0] */
  readonly reference: (target: string, elements: readonly string[]) => void;
};

type Place = (string | number)[];

/**
 * Walks any JSON value of a resource, extensions and contained resources included: an element that nobody thought of is looked at like
 * those that everybody knows. Depth is bounded by the slicer.
 */
export function walkResource(root: unknown, at: string, visitor: Visitor): void {
  walk(root, [], at, visitor);
}

function walk(value: unknown, place: Place, at: string, visitor: Visitor): void {
  if (Array.isArray(value)) {
    for (let position = 0; position < value.length; position++)
      step(value, value[position], position, place, at, visitor);
  } else if (typeof value === 'object' && value !== null) {
    const object = value as Record<string, unknown>;
    const code = object['code'];
    if (typeof code === 'string') {
      const system = object['system'];
      const path = pathOf(at, place);
      visitor.coding(typeof system === 'string' ? system : undefined, code, path);
    }
    for (const key of Object.keys(object)) step(object, object[key], key, place, at, visitor);
  }
}

function step(parent: object, value: unknown, key: string | number, place: Place, at: string, visitor: Visitor): void {
  place.push(key);
  if (typeof value === 'string') leaf(parent, value, place, at, visitor);
  else walk(value, place, at, visitor);
  place.pop();
}

function leaf(parent: object, value: string, place: Place, at: string, visitor: Visitor): void {
  const key = nameAt(place);
  const path = pathOf(at, place);
  const fields = parent as Record<string, unknown>;
  if (key === 'reference') visitor.reference(value, namesOf(place).slice(0, -1));
  else if (key === 'valueBase64Binary') visitor.content(value, undefined, path);
  else if (key === 'data' && !('origin' in fields)) {
    if ('who' in fields && 'when' in fields) return; // Signature.data: a signature, no content
    const type = fields['contentType'];
    visitor.content(value, typeof type === 'string' ? type : undefined, path);
  } else visitor.text(key, value, path);
}

const nameAt = (place: Place): string => place.findLast((part) => typeof part === 'string') ?? '';

const namesOf = (place: Place): string[] => place.filter((part) => typeof part === 'string');

function pathOf(at: string, place: Place): () => string {
  return () => at + place.map((part) => (typeof part === 'number' ? `[${part}]` : `.${safe(part)}`)).join('');
}

/** A key may be anything a sender wrote; a path must not carry it on. */
const safe = (name: string): string => (/^_?[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) ? name : '?');
