import { problem } from '@medshare/problems';

/** Limits of a Bundle; past them `fhir.json`. */
export const limits = { bytes: 64 * 1024 * 1024, depth: 64, entries: 20_000 } as const;

/** A Bundle as text and value, its entries once more as the exact texts they stand as. */
export type SlicedBundle = {
  readonly value: { readonly [key: string]: unknown };
  readonly entries: readonly { readonly text: string; readonly value: unknown }[];
};

const refuse = (detail: string, where?: string) => problem('fhir.json', { detail, where });

/**
 * Reads a Bundle and finds the exact text of each element of `entry`. What is classified and what is sealed are the same characters:
 * duplicate keys, which two readers may read differently, are refused anywhere.
 * Encoding a slice gives back its bytes: the text was decoded strictly, and UTF-8 has one form of every text.
 * @throws Problem `fhir.json` (not UTF-8, not JSON, beyond a limit, duplicate key), `fhir.invalid` (not a Bundle)
 */
export function sliceBundle(bytes: Uint8Array): SlicedBundle {
  if (bytes.length > limits.bytes) throw refuse(`larger than ${limits.bytes} bytes`);
  const text = decode(bytes);
  const value = parse(text);
  if (value['resourceType'] !== 'Bundle') throw problem('fhir.invalid', { where: 'Bundle', detail: 'not a Bundle' });
  const parsed = value['entry'] ?? [];
  if (!Array.isArray(parsed)) throw problem('fhir.invalid', { where: 'Bundle.entry', detail: 'not an array' });
  if (parsed.length > limits.entries) throw refuse(`more than ${limits.entries} entries`, 'Bundle.entry');
  const slices = new Scanner(text).entries();
  return { value, entries: slices.map((slice, position) => ({ text: slice, value: parsed[position] as unknown })) };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse('not UTF-8');
  }
}

function parse(text: string): { [key: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('not JSON'); // the engine's own message quotes the text
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('not an object');
  return value as { [key: string]: unknown };
}

const [quote, backslash, openObject, closeObject, openArray, closeArray, comma] = [34, 92, 123, 125, 91, 93, 44];

/** Walks a text that is known to be JSON, finds the elements of the root's `entry` and refuses duplicate keys and great depth. */
class Scanner {
  private at = 0;
  private readonly found: string[] = [];

  constructor(private readonly text: string) {}

  entries(): readonly string[] {
    this.value(0);
    return this.found;
  }

  private value(depth: number, entries = false): void {
    if (depth > limits.depth) throw refuse(`deeper than ${limits.depth}`);
    const first = this.next();
    if (first === openObject) this.object(depth);
    else if (first === openArray) this.array(depth, entries);
    else if (first === quote) this.string();
    else this.scalar();
  }

  private object(depth: number): void {
    const keys = new Set<string>();
    this.at++;
    while (this.next() !== closeObject) {
      if (this.next() === comma) this.at++;
      this.next();
      const key = this.key();
      if (keys.has(key)) throw refuse('duplicate key');
      keys.add(key);
      this.next();
      this.at++; // the colon
      this.value(depth + 1, depth === 0 && key === 'entry');
    }
    this.at++;
  }

  private array(depth: number, entries: boolean): void {
    this.at++;
    while (this.next() !== closeArray) {
      if (this.next() === comma) this.at++;
      this.next();
      const start = this.at;
      this.value(depth + 1);
      if (entries) this.found.push(this.text.slice(start, this.at));
    }
    this.at++;
  }

  private key(): string {
    const start = this.at;
    this.string();
    const raw = this.text.slice(start + 1, this.at - 1);
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
  }

  private string(): void {
    let end = this.at;
    let escapes: number;
    do {
      end = this.text.indexOf('"', end + 1);
      for (escapes = 0; this.text.charCodeAt(end - 1 - escapes) === backslash; escapes++);
    } while (escapes % 2 === 1);
    this.at = end + 1;
  }

  private scalar(): void {
    for (
      let code = this.text.charCodeAt(this.at);
      code > 32 && code !== comma && code !== closeArray && code !== closeObject;
    )
      code = this.text.charCodeAt(++this.at);
  }

  /** skips white space; @returns the character there */
  private next(): number {
    let code = this.text.charCodeAt(this.at);
    while (code <= 32) code = this.text.charCodeAt(++this.at);
    return code;
  }
}
