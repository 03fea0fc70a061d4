/** Every way of writing a text that this scan knows. A leak in a form that nobody thought of is not found: add the form here. */
export type Encoder = (text: string) => Buffer[];

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const escaped = (text: string, pattern: RegExp): string =>
  text.replace(pattern, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const percent = (bytes: Buffer): string => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const upperHex = (text: string): string =>
  text.replace(
    /(\\u|%)[0-9a-f]+/g,
    (one) => one.slice(0, one[0] === '%' ? 1 : 2) + one.slice(one[0] === '%' ? 1 : 2).toUpperCase(),
  );
const both = (text: string): Buffer[] => [utf8(text), utf8(upperHex(text))];

/** A text may stand at any of three places of a base64 group; what its neighbours share is left out. */
const base64At = (bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): Buffer => {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, '');
  const from = [0, 2, 3][offset]!;
  const whole = Math.floor(((offset + bytes.length) * 8) / 6);
  return utf8(encoded.slice(from, whole));
};
const base64 =
  (encoding: 'base64' | 'base64url'): Encoder =>
  (text) =>
    [0, 1, 2].map((offset) => base64At(utf8(text), offset, encoding));

const swapCase = (text: string): string =>
  [...text].map((one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase())).join('');

/** GB18030's characters of one and two bytes, by turning its decoder around. */
const gbTable = (): Map<string, number[]> => {
  const decoder = new TextDecoder('gb18030');
  const table = new Map<string, number[]>();
  for (let one = 0; one < 0x80; one += 1) table.set(String.fromCharCode(one), [one]);
  for (let lead = 0x81; lead <= 0xfe; lead += 1)
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      const text = decoder.decode(Uint8Array.of(lead, trail));
      if (text.length === 1 && text !== '\ufffd') table.set(text, [lead, trail]);
    }
  return table;
};
let table: Map<string, number[]> | undefined;
export const gb18030 = (text: string): Buffer => {
  table ??= gbTable();
  return Buffer.from(
    [...text].flatMap((one) => {
      const bytes = table?.get(one);
      if (!bytes) throw new RangeError(`not in the two-byte part of GB18030: ${one}`);
      return bytes;
    }),
  );
};

export const encoders: Readonly<Record<string, Encoder>> = {
  'utf-8': (text) => [utf8(text)],
  'utf-16le': (text) => [Buffer.from(text, 'utf16le')],
  'utf-16be': (text) => [utf16be(text)],
  base64: base64('base64'),
  base64url: base64('base64url'),
  hex: (text) => [utf8(utf8(text).toString('hex')), utf8(utf8(text).toString('hex').toUpperCase())],
  percent: (text) => [
    ...both(percent(utf8(text))),
    ...both(encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (one) => one.toLowerCase())),
  ],
  json: (text) => [...both(escaped(text, /[^\x20-\x7e]/g)), ...both(escaped(text, /[^]/g))],
  gb18030: (text) => [gb18030(text)],
  case: (text) => [swapCase(text), text.toLowerCase(), text.toUpperCase()].map(utf8),
};
