import { eventually, seededRandom } from '@medshare/testkit';
import type { Bus, BusMessage, Delivery } from './bus.port.js';

/** What the suite needs of a driver. */
export interface BusUnderTest {
  /** another process's view of the same bus */
  open(): Promise<Bus>;
}

const random = seededRandom('bus');
const fresh = (prefix: string) => `${prefix}.${random.uuid()}`;
const message = (topic: string, key: string, n: number): BusMessage => ({
  id: random.uuid(),
  topic,
  key,
  headers: { trace: `t${n}` },
  value: { n },
});
const nOf = (of: BusMessage) => (of.value as { n: number }).n;

/** What every bus promises: durable, in order of each key, at least once to every group, never skipping. */
export const busContract = (name: string, setUp: () => Promise<BusUnderTest>) => {
  describe(`the bus on ${name}`, () => {
    let under: BusUnderTest;
    let bus: Bus;
    const opened: Bus[] = [];
    const open = async () => {
      const another = await under.open();
      opened.push(another);
      return another;
    };

    beforeAll(async () => {
      under = await setUp();
      bus = await open();
    }, 120_000);
    afterAll(() => Promise.all(opened.map((each) => each.close())));

    const collect = async (on: Bus, group: string, topic: string) => {
      const seen: { message: BusMessage; delivery: Delivery }[] = [];
      const subscription = await on.subscribe({
        group,
        topic,
        handler: (got, delivery) => {
          seen.push({ message: got, delivery });
          return Promise.resolve();
        },
      });
      return { seen, subscription };
    };

    it('delivers what was published as it was, to each group, also from before it existed', async () => {
      const topic = fresh('whole');
      const odd = { ...message(topic, 'kéy', 1), value: { text: 'line\nNUL\u0000 “é” 𝔘', deep: [{ a: null }], n: 1 } };
      await bus.publish([odd]);
      const [one, two] = await Promise.all([collect(bus, 'one', topic), collect(bus, 'two', topic)]);
      await eventually(() => one.seen.length === 1 && two.seen.length === 1);
      expect(one.seen[0]).toEqual({
        message: odd,
        delivery: { partition: expect.any(Number) as number, offset: expect.any(Number) as number, attempt: 1 },
      });
      expect(two.seen[0]?.message).toEqual(odd);
    });

    it('keeps the order of each key', async () => {
      const topic = fresh('order');
      const { seen } = await collect(bus, 'g', topic);
      for (let batch = 0; batch < 10; batch++) {
        await bus.publish(
          Array.from({ length: 50 }, (_, i) => message(topic, `k${(batch * 50 + i) % 20}`, batch * 50 + i)),
        );
      }
      await eventually(() => seen.length >= 500, { timeout: 20_000 });
      for (let k = 0; k < 20; k++) {
        const numbers = seen.filter(({ message: { key } }) => key === `k${k}`).map((each) => nOf(each.message));
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect(new Set(numbers).size).toBe(25);
      }
      expect(new Set(seen.map(({ delivery }) => delivery.partition)).size).toBeGreaterThan(1);
      const ofKey = (key: string) =>
        new Set(seen.filter((each) => each.message.key === key).map(({ delivery }) => delivery.partition));
      expect(ofKey('k3').size).toBe(1);
    });

    it('tries a rejected message again before any later one of its key, and never skips it', async () => {
      const topic = fresh('retry');
      const seen: [number, number][] = [];
      await bus.subscribe({
        group: 'g',
        topic,
        handler: (got, { attempt }) => {
          seen.push([nOf(got), attempt]);
          return nOf(got) === 2 && attempt < 4 ? Promise.reject(new Error('not yet')) : Promise.resolve();
        },
      });
      await bus.publish([1, 2, 3].map((n) => message(topic, 'k', n)));
      await eventually(() => seen.some(([n]) => n === 3), { timeout: 20_000 });
      expect(seen).toEqual([
        [1, 1],
        [2, 1],
        [2, 2],
        [2, 3],
        [2, 4],
        [3, 1],
      ]);
    });

    it('shares partitions among the consumers of a group: one at a time for a key', async () => {
      const topic = fresh('share');
      const other = await open();
      const running = new Map<string, number>();
      const seen: BusMessage[] = [];
      let overlaps = 0;
      const handler = async (got: BusMessage) => {
        const now = (running.get(got.key) ?? 0) + 1;
        running.set(got.key, now);
        if (now > 1) overlaps++;
        await new Promise((resolve) => setTimeout(resolve, 1));
        running.set(got.key, now - 1);
        seen.push(got);
      };
      await Promise.all([bus, other].map((each) => each.subscribe({ group: 'g', topic, handler })));
      await bus.publish(Array.from({ length: 300 }, (_, n) => message(topic, `k${n % 16}`, n)));
      await eventually(() => seen.length >= 300, { timeout: 20_000 });
      expect([seen.length, new Set(seen.map(({ id }) => id)).size, overlaps]).toEqual([300, 300, 0]);
      for (let k = 0; k < 16; k++) {
        const numbers = seen.filter(({ key }) => key === `k${k}`).map(nOf);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }
    });

    it('handles messages of different keys at once where a consumer asks for it, each key in order, a failed one again', async () => {
      const topic = fresh('at-once');
      const running = new Set<string>();
      const done: BusMessage[] = [];
      let [most, overlaps, failures] = [0, 0, 0];
      const handler = async (got: BusMessage, { attempt }: Delivery) => {
        if (running.has(got.key)) overlaps++;
        running.add(got.key);
        most = Math.max(most, running.size);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running.delete(got.key);
        if (nOf(got) === 33 && attempt < 3 && ++failures > 0) throw new Error('not yet');
        done.push(got);
      };
      await bus.publish(Array.from({ length: 120 }, (_, n) => message(topic, `k${n % 40}`, n)));
      await bus.subscribe({ group: 'g', topic, handler, atOnce: 10 });
      await eventually(() => new Set(done.map(nOf)).size === 120, { timeout: 20_000 });
      expect([overlaps, failures]).toEqual([0, 2]);
      expect(most).toBeGreaterThan(5);
      for (let k = 0; k < 40; k++) {
        const numbers = [...new Set(done.filter(({ key }) => key === `k${k}`).map(nOf))];
        expect(numbers).toEqual([k, k + 40, k + 80]);
      }
    });

    it('goes on where a closed subscription stopped', async () => {
      const topic = fresh('resume');
      await bus.publish([1, 2, 3].map((n) => message(topic, 'k', n)));
      const first = await collect(bus, 'g', topic);
      await eventually(() => first.seen.length === 3);
      await first.subscription.close();
      await bus.publish([message(topic, 'k', 4)]);
      const second = await collect(await open(), 'g', topic);
      await eventually(() => second.seen.length === 1);
      expect(second.seen.map((each) => nOf(each.message))).toEqual([4]);
      expect(first.seen).toHaveLength(3);
    });

    it('tells how far a group is behind', async () => {
      const topic = fresh('lag');
      const { subscription, seen } = await collect(bus, 'g', topic);
      await bus.publish([message(topic, 'k', 1)]);
      await eventually(() => seen.length === 1);
      await subscription.close();
      await bus.publish([2, 3, 4].map((n) => message(topic, 'k', n)));
      const own = (await bus.lag()).filter((row) => row.topic === topic && row.group === 'g');
      expect(own.reduce((sum, { lag }) => sum + lag, 0)).toBe(3);
    });

    it.each([
      ['a value above 64 KiB', { value: 'x'.repeat(65_535) }, 'request.too-large'],
      ['no id', { id: '' }, 'event.invalid'],
      ['a topic that is no name', { topic: 'A topic' }, 'event.invalid'],
      ['no key', { key: '' }, 'event.invalid'],
      ['no value', { value: undefined }, 'event.invalid'],
    ])('refuses %s, and with it the whole batch', async (_, wrong, code) => {
      const topic = fresh('refuse');
      const { seen } = await collect(bus, 'g', topic);
      const publishing = bus.publish([message(topic, 'k', 1), { ...message(topic, 'k', 2), ...wrong }]);
      await expect(publishing).rejects.toMatchObject({ code });
      await bus.publish([{ ...message(topic, 'k', 3), value: { n: 3, pad: 'x'.repeat(65_000) } }]);
      await eventually(() => seen.length === 1);
      expect(nOf(seen[0]!.message)).toBe(3);
    });
  });
};
