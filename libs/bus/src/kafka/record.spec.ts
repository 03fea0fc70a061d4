import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { encodeMessage } from '../message.js';
import { fromRecord, toRecord } from './record.js';

const bytes = (value: unknown) => (typeof value === 'string' ? Buffer.from(value) : null);
/** As it comes back from a broker. */
const kept = (record: ReturnType<typeof toRecord>): KafkaMessage => ({
  key: bytes(record.key),
  value: bytes(record.value),
  headers: Object.fromEntries(
    Object.entries(record.headers ?? {}).map(([name, value]) => [name, bytes(value) ?? undefined]),
  ),
  timestamp: '0',
  attributes: 0,
  offset: '1',
});
const text = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }).filter((each) => !each.includes('\0'));
const good = toRecord(encodeMessage({ id: 'i', topic: 't', key: 'k', headers: { trace: 'x' }, value: { n: 1 } }));

describe('a record', () => {
  it('brings every message back as it was', () => {
    fc.assert(
      fc.property(
        text,
        text,
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 5 }),
        fc.jsonValue(),
        (id, key, headers, value) => {
          const message = { id, topic: 't', key, headers, value };
          const encoded = encodeMessage(message);
          expect(fromRecord('t', kept(toRecord(encoded)))).toEqual({
            ...message,
            value: JSON.parse(JSON.stringify(value)),
          });
        },
      ),
    );
  });

  it.each<[string, Partial<KafkaMessage>]>([
    ['without key', { key: null }],
    ['without value', { value: null }],
    ['of no JSON', { value: Buffer.from('MSH|') }],
    ['too large', { value: Buffer.from(JSON.stringify('x'.repeat(70_000))) }],
    ['without headers', { headers: {} }],
    [
      'whose headers are no texts',
      { headers: { 'medshare-id': Buffer.from('i'), 'medshare-headers': Buffer.from('{"a":1}') } },
    ],
    [
      'whose headers are none',
      { headers: { 'medshare-id': Buffer.from('i'), 'medshare-headers': Buffer.from('null') } },
    ],
  ])('%s is no event, and its text is not told', (_, wrong) => {
    const reading = () => fromRecord('t', { ...kept(good), ...wrong } as KafkaMessage);
    expect(reading).toThrow(expect.objectContaining({ code: 'event.invalid', where: 't' }));
    expect(reading).not.toThrow('MSH');
  });
});
