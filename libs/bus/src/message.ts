import { createHash } from 'node:crypto';
import { problem } from '@medshare/problems';
import type { BusMessage } from './bus.port.js';

/** most bytes of a message's value as JSON */
export const MAX_VALUE_BYTES = 65_536;
/** most messages of one publish */
export const MAX_BATCH = 1_000;
const MAX_HEADERS = 32;
const MAX_HEADER_BYTES = 8_192;
const name = /^[a-z0-9][a-z0-9._-]{0,127}$/;

/** A message as a driver stores it. */
export interface EncodedMessage {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly headers: string;
  readonly value: string;
}

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= longest && !value.includes('\0');

/** @returns the name of a topic or group; else a Problem `config.invalid` */
export const checkName = (text: string): string => {
  if (name.test(text)) return text;
  throw problem('config.invalid', {
    where: text.slice(0, 64),
    detail: 'a topic or group is a-z, 0-9, dot, dash, up to 128',
  });
};

/** Checks every limit and writes the JSON. */
export const encodeMessage = ({ id, topic, key, headers, value }: BusMessage): EncodedMessage => {
  const invalid = (where: string) => problem('event.invalid', { where });
  if (!isText(id, 128)) throw invalid('id');
  if (!isText(topic, 128) || !name.test(topic)) throw invalid('topic');
  if (!isText(key, 256)) throw invalid('key');
  const entries = Object.entries(headers ?? {});
  if (entries.length > MAX_HEADERS || !entries.every(([, text]) => typeof text === 'string')) throw invalid('headers');
  const encoded = {
    id,
    topic,
    key,
    headers: JSON.stringify(Object.fromEntries(entries)),
    value: JSON.stringify(value) as string | undefined,
  };
  if (encoded.value === undefined) throw invalid('value');
  if (encoded.headers.length > MAX_HEADER_BYTES) throw problem('request.too-large', { where: 'headers' });
  if (Buffer.byteLength(encoded.value) > MAX_VALUE_BYTES) {
    throw problem('request.too-large', {
      where: `event ${topic}`,
      detail: `an event is at most ${MAX_VALUE_BYTES} bytes`,
    });
  }
  return { ...encoded, value: encoded.value };
};

export const decodeMessage = ({ id, topic, key, headers, value }: EncodedMessage): BusMessage => ({
  id,
  topic,
  key,
  headers: JSON.parse(headers) as Record<string, string>,
  value: JSON.parse(value) as unknown,
});

/** The partition of a key: the first 32 bits of its SHA-256, modulo. The same in every release and driver. */
export const partitionOf = (key: string, partitions: number): number =>
  createHash('sha256').update(key).digest().readUInt32BE(0) % partitions;
