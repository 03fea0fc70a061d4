import { problem, type Problem } from '@medshare/problems';

/** Byte offsets, end exclusive. */
export type Span = { readonly start: number; readonly end: number };

type Bounds = { readonly depth: number; readonly values: number; readonly members: number };

const decoder = new TextDecoder('utf-8');
const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * One linear pass over JSON's structure: counts, depth, duplicate names, numbers that a double cannot hold. It accepts some texts that
 * are not JSON; JSON.parse comes after and does not.
 * @throws Problem fhir.json
 */
export const scanJson = (bytes: Uint8Array, bounds: Bounds): Spans => new Scanner(bytes, bounds).scan();

export type Spans = {
  /** the elements of the top-level member `entry` */
  readonly entries: readonly Span[];
  /** the member `resource` of each of them; undefined where it has none */
  readonly resources: readonly (Span | undefined)[];
};

class Scanner {
  private at = 0;
  private values = 0;
  private readonly path: (string | number)[] = [];
  private readonly entries: Span[] = [];
  private readonly resources: (Span | undefined)[] = [];

  constructor(
    private readonly bytes: Uint8Array,
    private readonly bounds: Bounds,
  ) {}

  scan(): Spans {
    this.value();
    this.blanks();
    if (this.at < this.bytes.length) throw this.refuse('something follows the value');
    return { entries: this.entries, resources: this.resources };
  }

  private value(): void {
    this.blanks();
    this.values += 1;
    if (this.values > this.bounds.values) throw this.refuse(`more than ${this.bounds.values} values`);
    const byte = this.bytes[this.at];
    if (byte === openObject) this.object();
    else if (byte === openArray) this.array();
    else if (byte === quote) this.string();
    else this.literal();
  }

  private object(): void {
    const names = new Set<string>();
    this.members(closeObject, () => {
      const name = this.name();
      this.path.push(/^_?[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) ? name : '?');
      if (names.has(name)) throw this.refuse('the name occurs twice');
      if (name === '__proto__') throw this.refuse('the name is not allowed');
      names.add(name);
      this.expect(colon);
      const resource = this.path.length === 3 && this.path[0] === 'entry' && name === 'resource';
      this.blanks();
      const start = this.at;
      this.value();
      if (resource) this.resources[this.entries.length] = { start, end: this.at };
    });
  }

  private array(): void {
    const isEntry = this.path.length === 1 && this.path[0] === 'entry';
    this.members(closeArray, (index) => {
      this.path.push(index);
      this.blanks();
      const start = this.at;
      this.value();
      if (!isEntry) return;
      this.entries.push({ start, end: this.at });
      this.resources.length = this.entries.length;
    });
  }

  private members(close: number, member: (index: number) => void): void {
    if (this.path.length >= this.bounds.depth) throw this.refuse(`deeper than ${this.bounds.depth}`);
    this.at += 1;
    this.blanks();
    if (this.bytes[this.at] === close) {
      this.at += 1;
      return;
    }
    for (let index = 0; ; index += 1) {
      if (index >= this.bounds.members) throw this.refuse(`more than ${this.bounds.members} members`);
      member(index);
      this.path.pop();
      this.blanks();
      if (this.bytes[this.at] === close) break;
      this.expect(comma);
    }
    this.at += 1;
  }

  private name(): string {
    this.blanks();
    if (this.bytes[this.at] !== quote) throw this.refuse('a name is missing');
    const start = this.at;
    this.string();
    const token = decoder.decode(this.bytes.subarray(start, this.at));
    return token.includes('\\') ? this.unescaped(token) : token.slice(1, -1);
  }

  private unescaped(token: string): string {
    try {
      return String(JSON.parse(token));
    } catch {
      throw this.refuse('a malformed name');
    }
  }

  private string(): void {
    for (let at = this.at + 1; at < this.bytes.length; at += 1) {
      const byte = this.bytes[at];
      if (byte === backslash) at += 1;
      else if (byte === quote) {
        this.at = at + 1;
        return;
      }
    }
    throw this.refuse('a string does not end');
  }

  private literal(): void {
    const start = this.at;
    while (this.at < this.bytes.length && this.at - start <= 64 && isLiteral(this.bytes[this.at] as number))
      this.at += 1;
    const token = decoder.decode(this.bytes.subarray(start, this.at));
    if (token === 'true' || token === 'false' || token === 'null') return;
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(token)) throw this.refuse('not a JSON value');
    const integer = /^-?\d+$/.test(token);
    if (token.length > 40 || !Number.isFinite(Number(token)) || (integer && !Number.isSafeInteger(Number(token))))
      throw this.refuse('a number that is not safe to read');
  }

  private blanks(): void {
    while (isBlank(this.bytes[this.at])) this.at += 1;
  }

  private expect(byte: number): void {
    this.blanks();
    if (this.bytes[this.at] !== byte) throw this.refuse(`expected ${String.fromCharCode(byte)}`);
    this.at += 1;
  }

  private refuse(detail: string): Problem {
    const steps = this.path.map((step) =>
      typeof step === 'number' ? `[${step}]` : `.${elementName.test(step) ? step : '?'}`,
    );
    return problem('fhir.json', { where: `$${steps.join('')}`.slice(0, 300), detail });
  }
}

/** FHIR's elements are named so; another name may say anything, and is not repeated. */
const elementName = /^_?[a-z][A-Za-z]{0,40}$/;

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const isLiteral = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2d ||
  byte === 0x2b ||
  byte === 0x2e ||
  byte === 0x45;
