/**
 * The only attributes that leave with a span, and the shapes of their values. A trace is read by people who may not read records: what is
 * not listed, or is listed and of another shape, stays here. A name is added when its values are codes, counts, places or opaque ids.
 */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const institution = /^[a-z][a-z0-9-]{1,30}$/;
const word = /^[a-z][a-z-]{1,30}$/;
const dotted = /^[a-z][a-z-]{0,30}(\.[a-z][a-z-]{0,40}){1,3}$/;
const count = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const matches = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);

const shapes = {
  'medshare.institution': matches(institution),
  'medshare.role': matches(word),
  /** the other institution of a call */
  'medshare.peer': matches(institution),
  'medshare.message': matches(uuid),
  'medshare.record': matches(uuid),
  'medshare.ask': matches(uuid),
  /** hash of a request's document, base64url */
  'medshare.request': matches(/^[A-Za-z0-9_-]{43}$/),
  'medshare.block': count,
  'medshare.count': count,
  /** how many attributes of the span were refused */
  'medshare.refused': count,
  'medshare.duplicate': (value: unknown) => typeof value === 'boolean',
  'medshare.acknowledgement': matches(/^(A[AER]|C[AER])$/),
  /** a problem's code */
  'error.type': matches(/^([a-z0-9]+\.[a-z0-9-]+|internal)$/),
  'http.request.method': matches(/^[A-Z]{3,10}$/),
  'http.response.status_code': (value: unknown) => count(value) && (value as number) < 1000,
  /** the template of the code, never the path that was asked for */
  'http.route': matches(/^(\/[$*a-zA-Z0-9._-]*|\/:[a-zA-Z]+|\/\{?\*[a-zA-Z]+\}?){1,10}$/),
  'messaging.system': matches(/^medshare$/),
  'messaging.destination.name': matches(dotted),
  'messaging.consumer.group.name': matches(word),
} satisfies Record<string, (value: unknown) => boolean>;

export type SpanAttributeName = keyof typeof shapes;
export type SpanAttributes = Partial<Record<SpanAttributeName, string | number | boolean | undefined>>;

/** What a span may carry of what it was given. */
export const cleanAttributes = (
  given: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean> => {
  const kept: Record<string, string | number | boolean> = {};
  let refused = 0;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (Object.hasOwn(shapes, name) && shapes[name as SpanAttributeName](value))
      kept[name] = value as string | number | boolean;
    else refused += 1;
  }
  return refused > 0 ? { ...kept, 'medshare.refused': refused } : kept;
};

/** Steps of the ways that are traced; what varies behind them is a topic, a route's name or its template. */
const steps = [
  'receive',
  'accept',
  'acknowledge',
  'commit',
  'submit',
  'anchor',
  'process',
  'call',
  'ask',
  'decide',
  'approve',
  'release',
  'open',
];
const spanName = new RegExp(
  `^((${steps.join('|')})( [a-z][a-z-]{0,30}(\\.[a-z-]{1,40}){0,3})?|[A-Z]{3,10}( (/[:{}*$a-zA-Z0-9._-]*){1,10})?)$`,
);

/** The name of a span, or `unnamed` for one that is not of the code. */
export const cleanName = (name: string): string => (spanName.test(name) && name.length <= 128 ? name : 'unnamed');
