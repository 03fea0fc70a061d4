/** A FHIR Period as instants, ms. A boundary without a zone lies within a range: where the source stood is not known. */
export interface Boundaries {
  /** earliest and latest instant at which it may begin */
  readonly from: readonly [number, number];
  /** earliest and latest instant at which it may end */
  readonly to: readonly [number, number];
}

const HOUR = 3_600_000;
/** Zones reach from UTC+14 to UTC-12. */
const east = 14 * HOUR;
const west = 12 * HOUR;

const shape =
  /^(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01])(?:T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d{1,9})?(Z|[+-](?:0\d|1[0-4]):[0-5]\d))?)?)?$/;

/** @returns first and last instant of a FHIR dateTime of any precision as if it were UTC; undefined if it is none */
function spanOf(text: string): { first: number; last: number; zoned: boolean } | undefined {
  const [, year, month, day, hour] = shape.exec(text) ?? [];
  if (year === undefined) return undefined;
  if (hour !== undefined) {
    const at = Date.parse(text.replace(/:60(?=[.Z+-])/, ':59'));
    return Number.isNaN(at) ? undefined : { first: at, last: at, zoned: true };
  }
  const [y, m, d] = [Number(year), Number(month ?? 1) - 1, Number(day ?? 1)];
  const first = Date.UTC(y, m, d);
  if (day !== undefined && new Date(first).getUTCDate() !== d) return undefined;
  const next =
    day !== undefined ? Date.UTC(y, m, d + 1) : month !== undefined ? Date.UTC(y, m + 1, 1) : Date.UTC(y + 1, 0, 1);
  return { first, last: next - 1, zoned: false };
}

/** @returns undefined for what is no period, or one that ends before it begins */
export function readPeriod(value: unknown): Boundaries | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { start, end, ...more } = value as Record<string, unknown>;
  if (Object.keys(more).some((key) => key !== 'id')) return undefined;
  const [from, to] = [boundary(start, 'first', -Infinity), boundary(end, 'last', Infinity)];
  if (!from || !to || from[0] > to[1]) return undefined;
  return { from, to };
}

function boundary(value: unknown, side: 'first' | 'last', open: number): [number, number] | undefined {
  if (value === undefined) return [open, open];
  const span = typeof value === 'string' ? spanOf(value) : undefined;
  if (!span) return undefined;
  return span.zoned ? [span[side], span[side]] : [span[side] - east, span[side] + west];
}

/** Whether an instant lies in the period wherever its source stood (`surely`), or may lie in it. */
export const surelyIn = ({ from, to }: Boundaries, at: number): boolean => from[1] <= at && at <= to[0];
export const maybeIn = ({ from, to }: Boundaries, at: number): boolean => from[0] <= at && at <= to[1];
