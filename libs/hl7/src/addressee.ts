import { utf8, type Codec } from './codec.js';
import { readDelimiters, usualDelimiters, type Delimiters } from './delimiters.js';
import type { Message } from './message.js';

/** Whom an acknowledgement is written to, and how that system writes. */
export type Addressee = {
  readonly delimiters: Delimiters;
  readonly codec: Codec;
  readonly raw: (field: number) => string;
  readonly trigger: string;
};

const stranger: Addressee = { delimiters: usualDelimiters, codec: utf8, raw: () => '', trigger: '' };

/** The header of bytes that are no message, where it can be told. */
const salvaged = (bytes: Uint8Array): Addressee => {
  const text = String.fromCharCode(...bytes.subarray(0, 1024)).split(/[\r\n]/)[0] ?? '';
  try {
    const delimiters = readDelimiters(text);
    const fields = ['MSH', ...text.split(delimiters.field)];
    const plain = (field: number) => (/^[ -~]{0,200}$/.test(fields[field] ?? '') ? (fields[field] ?? '') : '');
    // the set itself may be what is wrong: the answer is ASCII and names none
    const raw = (field: number) => (field === 18 ? '' : plain(field));
    return { delimiters, codec: utf8, raw, trigger: raw(9).split(delimiters.component)[1] ?? '' };
  } catch {
    return stranger;
  }
};

const addressee = (message: Message): Addressee => ({
  delimiters: message.delimiters,
  codec: message.dialect.codec,
  raw: (field) => message.header.fields[field] ?? '',
  trigger: message.header.first(9).components[1] ?? '',
});

/** @param refused what could not be parsed, where there is no message */
export const addresseeOf = (message: Message | undefined, refused: Uint8Array | undefined): Addressee =>
  message !== undefined ? addressee(message) : refused === undefined ? stranger : salvaged(refused);
