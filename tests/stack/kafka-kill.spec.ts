import type { KafkaOptions } from '@medshare/bus/kafka.driver';
import { killBrokers } from './broker-kills.js';
import { startBrokers, type Brokers } from './kafka-brokers.js';

// `MEDSHARE_KILLS=full` for the whole of it: 5,000 events over 10 kills.
const full = process.env.MEDSHARE_KILLS === 'full';
const [events, kills] = full ? [5_000, 10] : [1_500, 3];

let brokers: Brokers;
beforeAll(async () => {
  brokers = await startBrokers();
}, 600_000);
afterAll(() => brokers?.stop());

/** How the library is usually called: all partitions in one send, whatever it answers. */
const allAtOnce: KafkaOptions['deliver'] = async (producer, topic, records) => {
  const messages = records.map(({ partition, record }) => ({ ...record, partition }));
  await producer.send({ topic, acks: -1, timeout: 10_000, messages });
};

describe('while the leader of the fullest partition is killed again and again', () => {
  it(
    'no acknowledged event is lost, none has two effects, every key keeps its order',
    async () => {
      const outcome = await killBrokers({ brokers, prefix: 'kill.', events, kills });
      process.stdout.write(`${JSON.stringify(outcome)}\n`);
      expect(outcome).toMatchObject({ lost: 0, doubled: 0, disordered: 0, kills });
      expect(outcome.acknowledged).toBeGreaterThanOrEqual(events);
      expect(outcome.caughtUpMs).toBeLessThan(60_000);
    },
    kills * 120_000,
  );

  it('events are lost when several partitions go in one send: the planted defect is found', async () => {
    const outcome = await killBrokers({
      brokers,
      prefix: 'control.',
      events: 4_000,
      kills: 8,
      // patient enough to try on until other brokers lead: an impatient one fails, and is repeated whole
      sending: { deliver: allAtOnce, tries: 30 },
      untilLost: true,
    });
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    expect(outcome.lost).toBeGreaterThan(0);
  }, 1_800_000);
});
