import { problem } from '@medshare/problems';
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { BusMessage } from '../bus.port.js';
import { decodeMessage, encodeMessage, type EncodedMessage } from '../message.js';

/** Headers of a record: the message's id, and its headers as JSON (names may repeat what others use). */
const ID = 'medshare-id';
const HEADERS = 'medshare-headers';

export const toRecord = ({ id, key, headers, value }: EncodedMessage): Message => ({
  key,
  value,
  headers: { [ID]: id, [HEADERS]: headers },
});

const text = (value: IHeaders[string] | null): string => (Buffer.isBuffer(value) ? value.toString('utf8') : '');

/**
 * @returns the message of a record
 * @throws Problem `event.invalid` or `request.too-large` when it is none: another program wrote it, or a release that is newer
 */
export const fromRecord = (topic: string, { key, value, headers = {} }: KafkaMessage): BusMessage => {
  const encoded = { id: text(headers[ID]), topic, key: text(key), headers: text(headers[HEADERS]), value: text(value) };
  try {
    const message = decodeMessage(encoded);
    if (Object.prototype.toString.call(message.headers) !== '[object Object]') throw new TypeError('no headers');
    // the limits of whoever publishes hold for whoever reads
    encodeMessage(message);
    return message;
  } catch (cause) {
    throw problem('event.invalid', { where: topic, detail: 'the record is no event of this release', cause });
  }
};

/** bytes of a record, about */
export const sizeOf = ({ id, key, headers, value }: EncodedMessage): number =>
  3 * (id.length + key.length) + headers.length + Buffer.byteLength(value) + 100;
