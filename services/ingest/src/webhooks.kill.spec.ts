import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, freshDatabase, killHard, lineOf, spawnScript, tempDir } from '@medshare/testkit';
import pg from 'pg';
import { FhirSource } from './fixture/fhir-source.fixture.js';
import { hookToken, patience, patient } from './fixture/hooked-hospital.fixture.js';
import { heartbeat } from './fixture/notification.fixture.js';

describe('what a notification asks to fetch', () => {
  it(
    'is fetched once although ingest is killed right after its answer and in the middle of the fetch',
    async () => {
      const [fresh, folder, source] = [await freshDatabase(), await tempDir(), await FhirSource.open()];
      await writeFile(join(folder.path, 'hook'), hookToken);
      const client = new pg.Client(fresh.url);
      await client.connect();
      const rows = async (sql: string) => (await client.query<{ n: number }>(sql)).rows[0]!.n;
      const start = async () => {
        const args = [fresh.url, source.base, folder.path];
        const child = spawnScript(new URL('./fixture/hooked-process.fixture.ts', import.meta.url), { args });
        return { child, base: (await lineOf(child, /^at /)).slice('at '.length).trim() };
      };
      const post = (base: string, bundle?: object) =>
        fetch(`${base}/webhooks/fhir`, {
          method: 'POST',
          headers: { authorization: `Bearer ${hookToken}`, ...(bundle && { 'content-type': 'application/fhir+json' }) },
          ...(bundle && { body: JSON.stringify(bundle) }),
        });
      for (const id of ['a', 'b', 'c', 'd', 'e']) source.change(patient(id));
      // the source takes the question and answers nothing
      source.ill = 'hang';
      const first = await start();
      expect((await post(first.base, source.notification([1], { content: 'id-only' }))).status).toBe(200);
      expect((await post(first.base, heartbeat(3, { base: source.base, at: undefined }))).status).toBe(200);
      await eventually(() => source.asked.length > 0, { timeout: 60_000 });
      expect((await post(first.base)).status).toBe(200);
      await killHard(first.child);
      expect(await rows('SELECT count(*)::int n FROM ingest.message')).toBe(0);
      expect(await rows('SELECT count(*)::int n FROM ingest.webhook_fetch')).toBe(3);
      source.ill = undefined;
      // the lease of the one that died would end within a minute
      await client.query(`UPDATE ingest.webhook_fetch SET leased_until = now() WHERE leased_until IS NOT NULL`);
      const second = await start();
      await eventually(async () => (await rows('SELECT count(*)::int n FROM ingest.webhook_fetch')) === 0, {
        timeout: 90_000,
      });
      // 1 by its name, 2 and 3 as events, all of them by the search
      expect(await rows('SELECT count(*)::int n FROM ingest.message')).toBe(5);
      await killHard(second.child);
      await client.end();
      await source.close();
      await Promise.all([fresh.drop(), folder.remove()]);
    },
    patience,
  );
});
