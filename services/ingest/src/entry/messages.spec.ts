import type { INestApplication } from '@nestjs/common';
import { openPostgresLog } from '@medshare/bus/postgres-log.driver';
import type { Bus } from '@medshare/bus';
import { feedLags, messageListing, refusalListing, shownMessage, type ListedMessage } from '@medshare/events';
import { startRelay, type Relay } from '@medshare/outbox';
import { problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { openHospital } from '../fixture/hospital.fixture.js';
import { CountingMetrics, openContext, settings } from '../fixture/ingest.fixture.js';
import { admission } from '../fixture/mllp-client.fixture.js';
import type { Ingest } from '../assemble-ingest.js';
import { INGEST } from '../ingest.tokens.js';
import { WatchLag } from '../watch-lag.js';

let fresh: FreshDatabase;
let context: RoleContext;
let closeContext: () => Promise<void>;
let app: INestApplication;
let base: string;
let bus: Bus;
let relay: Relay;
const reasons: (string | undefined)[] = [];
let auditIsThere = true;

beforeAll(async () => {
  fresh = await freshDatabase();
  const opened = await openContext(fresh.url, 6);
  closeContext = opened.close;
  // the log itself is another role's: here it is there, or it is away
  const audit: RoleContext['audit'] = {
    ...opened.context.audit,
    record: ({ reason }) => {
      if (!auditIsThere) return Promise.reject(problem('audit.unavailable'));
      reasons.push(reason);
      return Promise.resolve({} as never);
    },
  };
  const peers = { call: () => Promise.reject(problem('peer.unavailable')) } as unknown as RoleContext['peers'];
  context = { ...opened.context, audit, peers };
  ({ app, base } = await openHospital(context, settings()));
  bus = await openPostgresLog({ url: fresh.url, pollEvery: 50 });
  relay = startRelay({ db: context.database, bus, pollEvery: 20 });
  const ingest = app.get<Ingest>(INGEST, { strict: false });
  await bus.subscribe({
    group: 'ingest',
    topic: 'message.accepted',
    handler: (each) => ingest.consumeAccepted.consume(each),
  });
  for (let n = 0; n < 7; n += 1) await send(admission(`L-${n}`, `E-${n}`));
  await send(twoPatients('TWO', 'E-70'));
  await send(admission('BEHIND', 'E-70'));
  await send(admission('BAD', 'E-71').replace('19850317', '1985-13'));
  await eventually(async () => (await list('state=mapped')).messages.length === 7);
  await eventually(async () => (await list('state=parked')).messages.length === 2);
}, 120_000);
afterAll(async () => {
  await relay.stop();
  await bus.close();
  await app.close();
  await closeContext();
  await fresh.drop();
});

const call = (path: string, { token = 'integration-engineer', body }: { token?: string; body?: object } = {}) =>
  fetch(base + path, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
const send = (message: string) =>
  fetch(`${base}/hl7v2`, {
    method: 'POST',
    body: message,
    headers: { authorization: 'Bearer feed', 'content-type': 'application/hl7-v2' },
  });
const list = async (query: string) => messageListing.parse(await (await call(`/messages?${query}`)).json());
/** It passes what an AA promises and cannot become one record. */
const twoPatients = (id: string, patient: string) => {
  const result = (next: string) => `OBR|1|||1^x^L\rOBX|1|NM|2^y^L||5||||||F\r${next}`;
  const second = 'PID|1||E-8^^^EAST&urn:medshare:east:citizen&URI^NI||Berg^Jonas||19850317|M\r';
  return (
    admission(id, patient)
      .replace('ADT^A01^ADT_A01', 'ORU^R01^ORU_R01')
      .replace(/EVN[^\r]*\r/, '') +
    result(second) +
    result('')
  );
};

describe('the message browser', () => {
  it('is for integration engineers, and refuses a filter that it does not know', async () => {
    for (const path of ['/messages', '/messages/refused', '/messages/feeds', `/messages/${context.random.uuid()}`])
      expect((await call(path, { token: 'feed' })).status).toBe(403);
    for (const query of [
      'state=odd',
      'limit=0',
      'limit=501',
      'before=x',
      'since=yesterday',
      'patient=Mei',
      'name=Mei',
    ]) {
      const answer = await call(`/messages?${query}`);
      expect([answer.status, await answer.json()]).toEqual([
        422,
        expect.objectContaining({ code: 'request.invalid', where: `query.${query.split('=')[0]}` }),
      ]);
    }
  });

  it('filters by state, feed, reason, patient and time', async () => {
    const all = await list('');
    expect(all.messages).toHaveLength(9);
    const [behind, stuck] = (await list('state=parked')).messages as [ListedMessage, ListedMessage];
    expect([stuck.problem, behind.problem]).toEqual(['patient.ambiguous', 'event.parked']);
    expect((await list(`patient=${stuck.stream}`)).messages.map(({ id }) => id)).toEqual([behind.id, stuck.id]);
    expect((await list('code=patient.ambiguous')).messages.map(({ id }) => id)).toEqual([stuck.id]);
    expect((await list('feed=other')).messages).toEqual([]);
    expect((await list(`since=${stuck.receivedAt}`)).messages.map(({ id }) => id)).toEqual([behind.id, stuck.id]);
    expect((await list(`until=${stuck.receivedAt}&feed=his`)).messages).toHaveLength(7);
  });

  it('pages without losing or doubling any, although new ones come in between', async () => {
    const seen: string[] = [];
    let next: number | null | undefined;
    for (let page = 0; next !== null; page += 1) {
      const found = await list(`limit=2&state=mapped${next === undefined ? '' : `&before=${next}`}`);
      seen.push(...found.messages.map(({ id }) => id));
      next = found.next;
      if (page === 1) await send(admission('LATER', 'E-90'));
    }
    expect([seen.length, new Set(seen).size]).toEqual([7, 7]);
  });

  it('tells no patient’s key, no identifier and no content', async () => {
    const { rows } = await context.database.query<{ patient_key: string; key: string; content: string }>(
      'SELECT patient_key, key, content FROM message',
    );
    const [any] = (await list('')).messages;
    const pages = ['/messages', '/messages/refused', '/messages/feeds', `/messages/${any?.id}`];
    const text = (await Promise.all(pages.map(async (path) => (await call(path)).text()))).join('\n');
    expect(text).toContain(any?.id);
    for (const { patient_key: patientKey, key, content } of rows)
      for (const secret of [patientKey, key, content]) expect(text).not.toContain(secret);
    for (const marker of ['Berg', 'Mei', 'E-70', 'TWO', 'BAD']) expect(text).not.toContain(marker);
  });

  it('finds what was refused by its reason', async () => {
    const refused = async (query: string) =>
      refusalListing.parse(await (await call(`/messages/refused?${query}`)).json()).refusals;
    const [bad] = await refused('code=hl7.data-type&feed=his');
    expect(bad?.problems).toEqual([{ code: 'hl7.data-type', where: 'PID-7' }]);
    expect([await refused('code=hl7.charset'), await refused('feed=other')]).toEqual([[], []]);
    expect((await call('/messages/refused?state=parked')).status).toBe(422);
  });

  it('shows a message’s way, what holds it up, and what it could not learn', async () => {
    const [behind, stuck] = (await list('state=parked')).messages as [ListedMessage, ListedMessage];
    const show = async (id: string) => shownMessage.parse(await (await call(`/messages/${id}`)).json());
    expect((await show(stuck.id)).way).toEqual([
      expect.objectContaining({ step: 'received', state: 'done', at: stuck.receivedAt }),
      expect.objectContaining({ step: 'acknowledged', state: 'done' }),
      expect.objectContaining({ step: 'mapped', state: 'parked', problem: 'patient.ambiguous', behind: null }),
    ]);
    expect((await show(behind.id)).way.at(-1)).toMatchObject({ state: 'parked', behind: stuck.id });
    const [mapped] = (await list('state=mapped')).messages;
    // the other roles are not here, and that is what it says
    expect((await show(mapped!.id)).way.map(({ step, state }) => `${step} ${state}`)).toEqual([
      ...['received done', 'acknowledged done', 'mapped done'],
      ...['classified unknown', 'sealed unknown', 'queued unknown', 'anchored unknown'],
    ]);
    for (const id of [context.random.uuid(), 'x']) expect((await call(`/messages/${id}`)).status).toBe(404);
  });

  it('tells what a record does not hold of its message, and of one that is none that there is none', async () => {
    const [mapped] = (await list('state=mapped')).messages;
    const answer = await call(`/messages/${mapped!.id}/losses`);
    expect(answer.headers.get('content-type')).toContain('application/fhir+json');
    const { issue } = (await answer.json()) as {
      issue: { diagnostics: string; details: { coding: { code: string }[] } }[];
    };
    const told = issue.map(({ details, diagnostics }) => `${details.coding[0]?.code} ${diagnostics}`);
    expect(told).toEqual(expect.arrayContaining(['message-only MSH-1', 'message-only PID-1']));
    const [parked] = (await list('state=parked')).messages;
    expect((await call(`/messages/${parked!.id}/losses`)).status).toBe(404);
  });

  it('tells the lag of each feed, and measures it', async () => {
    const { feeds } = feedLags.parse(await (await call('/messages/feeds')).json());
    expect(feeds).toEqual([{ feed: 'his', unprocessed: 0, oldestAt: null, parked: 2, waiting: 0 }]);
    const metrics = new CountingMetrics();
    await new WatchLag(context, metrics, ['his', 'quiet']).look();
    expect(metrics.counts).toMatchObject({ 'lag his': 0, 'lag quiet': 0, parked: 2 });
  });
});

describe('the content of a message', () => {
  const reason = { reason: 'does not map' };

  it('is given byte for byte to who may see it, once the reason is audited', async () => {
    const [stuck] = (await list('code=patient.ambiguous')).messages;
    const path = `/messages/${stuck?.id}/content`;
    expect((await call(path, { body: reason })).status).toBe(403);
    expect((await call(path, { token: 'content-reader', body: { reason: ' ' } })).status).toBe(400);
    expect(reasons).toEqual([]);
    const answer = await call(path, { token: 'content-reader', body: reason });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await answer.text()).toBe(twoPatients('TWO', 'E-70'));
    expect(reasons).toEqual(['does not map']);
  });

  it('is not given while the audit log is away, nor when it is past its retention', async () => {
    const [stuck] = (await list('code=patient.ambiguous')).messages;
    const path = `/messages/${stuck?.id}/content`;
    auditIsThere = false;
    const away = await call(path, { token: 'content-reader', body: reason });
    auditIsThere = true;
    expect([away.status, await away.text()]).toEqual([503, expect.not.stringContaining('Berg')]);
    const [mapped] = (await list('state=mapped')).messages;
    await context.database.query(
      'DELETE FROM transit.payload p USING message m WHERE m.payload = p.ref AND m.id = $1',
      [mapped?.id],
    );
    expect((await call(`/messages/${mapped?.id}/content`, { token: 'content-reader', body: reason })).status).toBe(410);
  });
});
