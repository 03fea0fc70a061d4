import type { Codec } from './codec.js';
import type { Delimiters } from './delimiters.js';

/**
 * Resolves escape sequences (HL7 v2.5 section 2.7, v2.7 for `\P\`). Sequences of other meaning (`\Z..\`, `\C..\`, `\M..\`) and an escape
 * character that opens none stay as they are: nothing is lost, and nothing is guessed.
 */
export const unescape = (text: string, delimiters: Delimiters, codec: Codec): string => {
  const mark = delimiters.escape;
  if (mark === '' || !text.includes(mark)) return text;
  const out: string[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf(mark, at);
    const close = open < 0 ? -1 : text.indexOf(mark, open + 1);
    if (close < 0) return out.join('') + text.slice(at);
    const meaning = resolve(text.slice(open + 1, close), delimiters, codec);
    out.push(text.slice(at, open), meaning ?? text.slice(open, close));
    // a pair that means nothing may be a stray mark before a real sequence: its closing mark is looked at again
    at = meaning === undefined ? close : close + 1;
  }
};

const resolve = (name: string, delimiters: Delimiters, codec: Codec): string | undefined =>
  character(name, delimiters) ??
  (name.startsWith('.') ? layout(name) : name.startsWith('X') ? hex(name, codec) : undefined) ??
  (foreign.test(name) ? delimiters.escape + name + delimiters.escape : undefined);

const foreign = /^(Z[A-Za-z0-9]{0,16}|C[0-9A-F]{4}|M[0-9A-F]{4,6})$/;

const character = (name: string, of: Delimiters): string | undefined => {
  const known: Record<string, string> = {
    F: of.field,
    S: of.component,
    T: of.subcomponent,
    R: of.repetition,
    E: of.escape,
    P: of.truncation || '#',
    H: '',
    N: '',
  };
  return Object.hasOwn(known, name) ? known[name] : undefined;
};

/** Formatting commands of FT (section 2.7.6), as plain text shows them. */
const layout = (name: string): string | undefined => {
  const command = /^\.(br|sp|sk|in|ti|fi|nf|ce)([+-]?\d{0,3})$/.exec(name);
  if (command === null) return undefined;
  const count = Math.min(Math.abs(Number(command[2] ?? 0)) || 1, 100);
  if (command[1] === 'br' || command[1] === 'ce') return '\n';
  if (command[1] === 'sp') return '\n'.repeat(count);
  return command[1] === 'sk' ? ' '.repeat(count) : '';
};

const hex = (name: string, codec: Codec): string | undefined => {
  if (!/^X([0-9A-Fa-f]{2})+$/.test(name)) return undefined;
  return codec.read(Uint8Array.from(name.slice(1).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
};

/** Writes a plain text so that `unescape` gives it back; segment ends become `\X0D\` and `\X0A\`. */
export const escape = (text: string, of: Delimiters): string => {
  const name: Record<string, string> = { '\r': 'X0D', '\n': 'X0A', [of.field]: 'F', [of.component]: 'S' };
  name[of.repetition] = 'R';
  if (of.subcomponent !== '') name[of.subcomponent] = 'T';
  if (of.truncation !== '') name[of.truncation] = 'P';
  if (of.escape === '') return [...text].map((each) => (Object.hasOwn(name, each) ? ' ' : each)).join('');
  name[of.escape] = 'E';
  return [...text].map((each) => (Object.hasOwn(name, each) ? of.escape + name[each] + of.escape : each)).join('');
};
