import { jest } from '@jest/globals';

/** What the cluster was asked how far its groups are, each question unanswered until then. */
const asked: { answer: () => void; fail: () => void }[] = [];
let opened = 0;
const admin = {
  connect: () => Promise.resolve(void opened++),
  disconnect: () => Promise.resolve(),
  listTopics: () => Promise.resolve(['dead-letters']),
  fetchTopicMetadata: () => Promise.resolve({ topics: [{ name: 'dead-letters', partitions: [{ replicas: [1] }] }] }),
  describeConfigs: () => Promise.resolve({ resources: [] }),
  listGroups: () =>
    new Promise((resolve, reject) => {
      asked.push({ answer: () => resolve({ groups: [] }), fail: () => reject(new Error('away')) });
    }),
  fetchTopicOffsets: () => Promise.resolve([{ partition: 0, low: '0', high: '3' }]),
};
const settings = await import('./kafka/settings.js');
jest.unstable_mockModule('./kafka/settings.js', () => ({ ...settings, kafkaClient: () => ({ admin: () => admin }) }));
const { openKafka } = await import('./kafka.driver.js');

const open = () => openKafka({ brokers: [], prefix: '', topics: [] });
const lag = [{ group: 'mend', topic: 'dead-letters', partition: 0, lag: 3 }];
const turns = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('how far the groups are', () => {
  beforeEach(() => void asked.splice(0));

  it('is asked once by all who ask while the brokers are silent, and again afterwards', async () => {
    const bus = await open();
    const answers = [bus.lag(), bus.lag(), bus.lag()];
    await turns();
    asked[0]?.answer();
    expect(await Promise.all(answers)).toEqual([lag, lag, lag]);
    await turns();
    expect(asked).toHaveLength(1);
    const failing = expect(bus.lag()).rejects.toMatchObject({ code: 'bus.unavailable' });
    await turns();
    asked[1]?.fail();
    await failing;
    const again = bus.lag();
    await turns();
    asked[2]?.answer();
    expect(await again).toEqual(lag);
    await bus.close();
  });

  it('is not asked any more once the bus was closed', async () => {
    const bus = await open();
    const before = opened;
    await bus.close();
    await expect(bus.lag()).rejects.toMatchObject({ code: 'service.stopping' });
    expect([asked.length, opened]).toEqual([0, before]);
  });
});
