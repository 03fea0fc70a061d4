import { problem } from '@medshare/problems';
import type { IHeaders, KafkaMessage, Message, Producer } from 'kafkajs';
import { replayLetter, setAside } from './dead-letters.js';

const settings = { brokers: [], prefix: 'harbor.' };

/** As the library: it measures each header before it writes it, and throws for one without a value. */
const measured = ({ headers = {} }: Message): number =>
  Object.values(headers)
    .flat()
    .reduce((bytes, value) => bytes + Buffer.byteLength(value as string), 0);

const brokers = () => {
  const sent: { topic: string; messages: Message[] }[] = [];
  const send: Producer['send'] = ({ topic, messages }) => {
    messages.forEach(measured);
    sent.push({ topic, messages });
    return Promise.resolve([
      { topicName: topic, partition: messages[0]?.partition ?? -1, errorCode: 0, baseOffset: '0' },
    ]);
  };
  return { send, sent };
};

/** What the library reads: another program's record, with headers that have no value. */
const foreign: KafkaMessage = {
  key: null,
  value: Buffer.from('MSH|^~'),
  headers: { trace: Buffer.from('t'), empty: null, many: [Buffer.from('a'), null] } as unknown as IHeaders,
  timestamp: '0',
  attributes: 0,
  offset: '7',
};
const kept = { trace: Buffer.from('t'), empty: Buffer.alloc(0), many: [Buffer.from('a'), Buffer.alloc(0)] };

describe('a record that is no event', () => {
  it('is set aside though it has headers without a value', async () => {
    const { send, sent } = brokers();
    const reason = problem('event.invalid', { where: 'record.sealed' });
    await setAside({ send }, settings, { topic: 'record.sealed', partition: 3, record: foreign, reason });
    const headers = {
      ...kept,
      'medshare-dead-topic': 'record.sealed',
      'medshare-dead-partition': '3',
      'medshare-dead-offset': '7',
      'medshare-dead-reason': 'event.invalid',
    };
    expect(sent).toEqual([
      { topic: 'harbor.dead-letters', messages: [{ key: null, value: foreign.value, headers, partition: 0 }] },
    ]);
  });

  it('goes back to its place with the headers that it came with, and no other', async () => {
    const { send, sent } = brokers();
    const record = { ...foreign, headers: { ...foreign.headers, 'medshare-dead-topic': Buffer.from('record.sealed') } };
    const letter = {
      topic: 'record.sealed',
      partition: 3,
      offset: 0,
      reason: 'event.invalid',
      at: 0,
      bytes: 6,
      record,
    };
    await replayLetter({ send }, settings, letter);
    expect(sent).toEqual([
      {
        topic: 'harbor.record.sealed',
        messages: [{ key: null, value: foreign.value, headers: kept, partition: 3 }],
      },
    ]);
  });
});
