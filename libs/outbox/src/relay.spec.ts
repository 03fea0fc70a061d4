import type { Database, Listener } from '@medshare/database';
import { eventually } from '@medshare/testkit';
import { startRelay, type RelayOptions } from './relay.js';

/** An outbox that always holds an event, and a wake that is told at will. */
const outbox = () => {
  let wake: () => void = () => undefined;
  const row = { seq: '1', id: 'i', topic: 't', key: 'k', headers: '{}', value: '1' };
  const query = ({ name }: { name: string }) =>
    Promise.resolve({ rows: name === 'relay-lock' ? [{ got: true }] : name === 'relay-read' ? [row] : [] });
  const db = { schema: 'vault', transaction: (work: (tx: unknown) => Promise<number>) => work({ query }) };
  const notify = {
    listen: (_: string, told: () => void) => {
      wake = told;
      return () => undefined;
    },
  };
  return { db: db as unknown as Database, notify: notify as unknown as Listener, wake: () => wake() };
};
const start = (publish: RelayOptions['bus']['publish'], pollEvery: number) => {
  const { db, notify, wake } = outbox();
  let tries = 0;
  const bus = {
    publish: (messages: Parameters<typeof publish>[0]) => {
      tries++;
      return publish(messages);
    },
  };
  return { relay: startRelay({ db, notify, bus, pollEvery }), wake, tries: () => tries };
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const away = () => Promise.reject(new Error('bus away'));

describe('a relay', () => {
  it('whose bus is away is not hastened by what is appended, and stops at once', async () => {
    const { relay, wake, tries } = start(away, 60_000);
    await eventually(() => tries() === 1);
    for (let n = 0; n < 10; n++) {
      wake();
      await pause(10);
    }
    expect(tries()).toBe(1);
    const before = performance.now();
    await relay.stop();
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('that is stopped while a try fails does not rest first', async () => {
    let fail: (caught: Error) => void = () => undefined;
    const failing = new Promise<void>((_, reject) => (fail = reject));
    const { relay, tries } = start(() => failing, 60_000);
    await eventually(() => tries() === 1);
    const before = performance.now();
    const stopping = relay.stop();
    fail(new Error('bus away'));
    await stopping;
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('tries again after the pause, and is woken while the bus is well', async () => {
    let failures = 2;
    const { relay, tries } = start(() => (failures-- > 0 ? away() : Promise.resolve()), 40);
    await eventually(() => tries() >= 3);
    await relay.stop();
    expect(failures).toBeLessThan(0);
    const { relay: well, wake, tries: moves } = start(() => Promise.resolve(), 60_000);
    await eventually(() => moves() === 1);
    await pause(60);
    wake();
    await eventually(() => moves() === 2);
    await well.stop();
  });
});
