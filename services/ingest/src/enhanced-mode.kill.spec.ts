import { parseMessage } from '@medshare/hl7';
import { eventually, freshDatabase, killHard, lineOf, spawnScript, type FreshDatabase } from '@medshare/testkit';
import pg from 'pg';
import { asking, codeOf, idOf, MllpClient } from './fixture/mllp-client.fixture.js';
import { ReplyListener } from './fixture/reply-listener.fixture.js';

describe('the application acknowledgement', () => {
  let fresh: FreshDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
  }, 120_000);
  afterAll(() => fresh.drop());

  it('comes although ingest is killed right after CA, and again between sending and noting', async () => {
    const listener = await ReplyListener.open();
    const start = async (until: string) => {
      const args = [fresh.url, String(listener.port), until];
      const child = spawnScript(new URL('./fixture/enhanced-process.fixture.ts', import.meta.url), { args });
      return { child, port: Number((await lineOf(child, /^port/)).split(' ')[1]) };
    };
    // accepts, and dies before anything is mapped
    const one = await start('accept');
    const client = await MllpClient.to(one.port);
    const ids = Array.from({ length: 30 }, (_, n) => `KILL-${n}`);
    ids.forEach((id, n) => client.send(asking(id, 'AL', 'AL', `E-${n % 5}`)));
    await client.answer(29);
    await killHard(one.child);
    expect(client.heard.map(codeOf)).toEqual(ids.map(() => 'CA'));
    // delivers some, and dies in the middle of it
    const two = await start('deliver');
    await eventually(() => listener.heard.length >= 3, { timeout: 30_000 });
    await killHard(two.child);
    const before = listener.heard.length;
    await runAgain(fresh);
    const three = await start('deliver');
    await eventually(() => new Set(listener.heard.map(idOf)).size === 30, { timeout: 90_000 });
    await killHard(three.child);
    expect(before).toBeLessThan(60);
    expect(listener.heard.every((ack) => codeOf(ack) === 'AA')).toBe(true);
    // a repeated one carries the same id
    for (const id of ids) {
      const own = listener.heard.filter((ack) => idOf(ack) === id);
      expect(new Set(own.map((ack) => parseMessage(Buffer.from(ack)).controlId)).size).toBe(1);
    }
    listener.close();
  }, 180_000);
});

/** What was taken by the killed process is free again: its lease would be two minutes. */
async function runAgain({ url }: FreshDatabase): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`UPDATE ingest.reply SET next_at = now() WHERE state = 'due'`);
  await client.end();
}
