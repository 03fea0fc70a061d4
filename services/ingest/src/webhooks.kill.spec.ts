import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, freshDatabase, killHard, lineOf, spawnScript, tempDir } from '@medshare/testkit';
import { webhookPoints } from '@medshare/telemetry/fault-point';
import pg from 'pg';
import { FhirSource } from './fixture/fhir-source.fixture.js';
import { hookToken, patience, patient } from './fixture/hooked-hospital.fixture.js';
import { heartbeat } from './fixture/notification.fixture.js';

describe('what a notification asks to fetch', () => {
  it(
    'is fetched once although ingest is killed right after its answer and in the middle of the fetch',
    async () => {
      const [fresh, folder, source] = [await freshDatabase(), await tempDir(), await FhirSource.open()];
      await writeFile(join(folder.path, 'hook'), hookToken, { mode: 0o600 });
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

  it(
    'has one effect although ingest is killed at every point between its receipt and its end',
    async () => {
      const [fresh, folder, source] = [await freshDatabase(), await tempDir(), await FhirSource.open()];
      const order = join(folder.path, 'fault');
      await writeFile(join(folder.path, 'hook'), hookToken, { mode: 0o600 });
      const client = new pg.Client(fresh.url);
      await client.connect();
      const rows = async (sql: string) => (await client.query<{ n: number }>(sql)).rows[0]!.n;
      const start = async () => {
        const args = [fresh.url, source.base, folder.path];
        const env = { MEDSHARE_FAULT: order };
        const child = spawnScript(new URL('./fixture/hooked-process.fixture.ts', import.meta.url), { args, env });
        const gone = new Promise<NodeJS.Signals | null>((resolve) =>
          child.once('exit', (_, signal) => resolve(signal)),
        );
        return { child, gone, base: (await lineOf(child, /^at /)).slice('at '.length).trim() };
      };
      // a source tells again what was not answered; each notification brings one event, names one and leaves one out
      const told = (last: number) => ({
        ...source.notification([last - 2, last - 1], { content: 'full-resource', since: last }),
      });
      let running = await start();
      const killed: (NodeJS.Signals | null)[] = [];
      for (const [index, point] of webhookPoints.entries()) {
        for (const n of [1, 2, 3]) source.change(patient(`p${index}-${n}`));
        await writeFile(order, point);
        const last = source.events.length;
        const notify = () =>
          fetch(`${running.base}/webhooks/fhir`, {
            method: 'POST',
            headers: { authorization: `Bearer ${hookToken}`, 'content-type': 'application/fhir+json' },
            body: JSON.stringify(told(last)),
          }).then(
            ({ status }) => status,
            () => undefined,
          );
        let answer = await notify();
        // what is missing is waited for; a lease of one that died would end within a minute
        await client.query('UPDATE ingest.webhook_fetch SET next_at = now(), leased_until = NULL');
        killed.push(await running.gone);
        await writeFile(order, '');
        running = await start();
        while (answer !== 200) answer = await notify();
        const due =
          "UPDATE ingest.webhook_fetch SET next_at = now() - interval '1 s', leased_until = NULL WHERE attempts < 2";
        await client.query(due);
        await eventually(async () => (await rows('SELECT count(*)::int n FROM ingest.webhook_fetch')) === 0, {
          timeout: 90_000,
        });
        expect([point, await rows('SELECT count(*)::int n FROM ingest.message')]).toEqual([point, last]);
      }
      expect(killed).toEqual(webhookPoints.map(() => 'SIGKILL'));
      const heard = await rows('SELECT last_event::int n FROM ingest.webhook_subscription');
      expect(heard).toBe(source.events.length);
      await killHard(running.child);
      await client.end();
      await source.close();
      await Promise.all([fresh.drop(), folder.remove()]);
    },
    2 * patience,
  );
});
