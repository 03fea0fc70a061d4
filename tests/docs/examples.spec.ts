import { readFile } from 'node:fs/promises';
import {
  generateStaffKey,
  requestCertificate,
  signApproval,
  signAsk,
  signEmergencyApproval,
  signRevocation,
} from '@medshare/client';
import type { Ask, AskResponse, OpenResponse, PendingApproval, StaffCertificate } from '@medshare/events';
import { audited, startDemo, until, type Demo } from '../harness/demo.js';
import {
  asking,
  callerOf,
  certificateOf,
  documented,
  exampleOf,
  play,
  tokenOf,
  type Found,
  type Step,
} from './play-example.js';

// The documented examples, sent in order as one story. Each request is the document's own, with only that replaced which the moment gives.

interface Statement {
  rest: { resource: { type: string; interaction: { code: string }[] }[] }[];
}
describe('the documented examples', () => {
  let demo: Demo;
  let operations: Map<string, Found>;
  const [doctorKey, officerKey] = [generateStaffKey('intl'), generateStaffKey('intl')];
  const kept = {} as {
    ask: Ask;
    doctor: StaffCertificate;
    officer: StaffCertificate;
    asked: AskResponse;
    opened: OpenResponse;
    waiting: PendingApproval;
    message: string;
    entry: string;
    sizes: number[];
    consent: string;
    review: string;
  };
  let statement: Statement;

  beforeAll(async () => {
    demo = await startDemo();
    operations = await documented(demo.institutions['harbor']!.httpUrl);
  }, 120_000);
  afterAll(async () => {
    await demo?.stop();
    await demo?.remove();
  }, 60_000);

  const certify = (key = doctorKey) => ({ body: requestCertificate(key, Date.now()) });
  const story: Step[] = [
    { operation: 'platform.Health.live' },
    { operation: 'platform.Health.ready' },
    { operation: 'platform.Health.metrics' },
    { operation: 'platform.Docs.page' },
    { operation: 'platform.Docs.file' },
    { operation: 'platform.Capabilities.metadata', keep: (answer: Statement) => (statement = answer) },
    { operation: 'platform.Session.login' },
    { operation: 'platform.Session.callback', refused: 401 },
    { operation: 'platform.Session.whoIs', refused: 401 },
    { operation: 'platform.Session.logout' },
    { operation: 'platform.Parked.figures', as: 'it.sun@harbor' },
    { operation: 'platform.Parked.list', as: 'it.sun@harbor' },
    { operation: 'platform.Parked.streams', as: 'it.sun@harbor' },
    { operation: 'platform.Parked.replay', as: 'it.sun@harbor', refused: 404 },
    { operation: 'platform.Parked.skip', as: 'it.sun@harbor', refused: 404 },
    { operation: 'ingest.Preview.hl7v2', as: 'feed@harbor' },
    { operation: 'ingest.Preview.fhir', as: 'feed@harbor' },
    { operation: 'ingest.Hl7v2.receive', as: 'feed@harbor' },
    {
      operation: 'ingest.Hl7v2.acknowledgement',
      as: 'feed@harbor',
      given: async () => {
        const { body } = exampleOf(operations, 'ingest.Hl7v2.receive');
        await asking(
          demo,
          String(body).replace('EXAMPLE-0001', 'EXAMPLE-0002').replace('2.5.1|||AL|NE|', '2.5.1|||AL|AL|'),
        );
        return { query: { 'MSH-10': 'EXAMPLE-0002' } };
      },
    },
    { operation: 'ingest.ProcessMessage.process', as: 'feed@harbor' },
    { operation: 'ingest.Fhir.interaction', as: 'feed@harbor' },
    { operation: 'ingest.Fhir.create', as: 'feed@harbor' },
    { operation: 'ingest.Webhook.notify', as: 'feed@harbor' },
    { operation: 'ingest.Webhook.deliver', as: 'feed@harbor' },
    { operation: 'ingest.Webhooks.list', as: 'it.sun@harbor' },
    { operation: 'ingest.Webhooks.retry', as: 'it.sun@harbor', refused: 404 },
    { operation: 'ingest.Webhooks.skip', as: 'it.sun@harbor', refused: 404 },
    {
      operation: 'ingest.Messages.list',
      as: 'it.sun@harbor',
      keep: ({ messages }: { messages: { id: string; kind: string }[] }) => {
        kept.message = messages.find(({ kind }) => kind === 'hl7v2')!.id;
      },
    },
    { operation: 'ingest.Messages.refused', as: 'it.sun@harbor' },
    { operation: 'ingest.Messages.feeds', as: 'it.sun@harbor' },
    { operation: 'ingest.Messages.show', as: 'it.sun@harbor', given: () => ({ params: { id: kept.message } }) },
    { operation: 'ingest.Messages.losses', as: 'it.sun@harbor', given: () => ({ params: { id: kept.message } }) },
    { operation: 'ingest.Messages.content', as: 'it.zhou@harbor', given: () => ({ params: { id: kept.message } }) },
    {
      operation: 'access.Staff.certify',
      as: 'officer.li@harbor',
      given: () => certify(officerKey),
      keep: ({ certificate }: { certificate: StaffCertificate }) => (kept.officer = certificate),
    },
    {
      operation: 'access.Staff.certify',
      as: 'dr.chen@lakeside',
      given: () => certify(),
      keep: ({ certificate }: { certificate: StaffCertificate }) => (kept.doctor = certificate),
    },
    { operation: 'access.Staff.evaluate', as: 'officer.li@harbor' },
    {
      operation: 'access.Consent.create',
      as: 'mei.lin@harbor',
      keep: ({ id }: { id: string }) => (kept.consent = id),
    },
    ...['read', 'update', 'history', 'version'].map((name) => ({
      operation: `access.Consent.${name}`,
      as: 'officer.li@harbor',
      given: () => ({ params: { id: kept.consent } }),
    })),
    { operation: 'access.Consent.search', as: 'officer.li@harbor' },
    {
      operation: 'reader.Reader.draft',
      as: 'dr.chen@lakeside',
      given: async () => {
        await demo.send('harbor', await readFile('samples/oru-r01-mei-lin-hiv.hl7', 'utf8'));
        await until('4 anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 4, 60_000);
        // leaves are acknowledged after anchoring
        await new Promise((resolve) => setTimeout(resolve, 3000));
        return {};
      },
      keep: ({ ask }: { ask: Ask }) => (kept.ask = ask),
    },
    {
      operation: 'reader.Reader.ask',
      as: 'dr.chen@lakeside',
      given: () => ({
        body: { ask: kept.ask, certificate: kept.doctor, signature: signAsk(doctorKey, kept.ask) },
      }),
      keep: (asked: AskResponse) => (kept.asked = asked),
    },
    { operation: 'reader.Reader.status', as: 'dr.chen@lakeside', given: () => ({ params: { askId: kept.ask.askId } }) },
    {
      operation: 'access.Staff.waiting',
      as: 'officer.li@harbor',
      given: async () => {
        kept.waiting = await until('a request waits', async () =>
          (await demo.as('officer.li', 'harbor').approvals()).find(({ state }) => state === 'waiting'),
        );
        return {};
      },
    },
    {
      operation: 'access.Staff.approve',
      as: 'officer.li@harbor',
      given: () => ({
        params: { requestId: kept.waiting.requestId },
        body: signApproval(officerKey, kept.officer, kept.waiting),
      }),
    },
    {
      operation: 'reader.Reader.open',
      as: 'dr.chen@lakeside',
      given: async () => {
        await until('something opens', async () => {
          const { opened } = await demo.as('dr.chen', 'lakeside').open(kept.ask.askId);
          return opened.length > 0;
        });
        return { params: { askId: kept.ask.askId } };
      },
      keep: (opened: OpenResponse) => (kept.opened = opened),
    },
    {
      operation: 'reader.Reader.bundle',
      as: 'dr.chen@lakeside',
      given: () => ({ params: { id: kept.opened.opened[0]!.bundle } }),
    },
    {
      operation: 'access.Staff.revoke',
      as: 'dr.chen@lakeside',
      given: () => {
        const { requestId, requestHash } = kept.asked.requests[0]!;
        const reason = 'no-longer-needed' as const;
        return {
          params: { requestId },
          body: signRevocation(doctorKey, kept.doctor, { requestId, requestHash, reason }),
        };
      },
    },
    {
      operation: 'access.Staff.receipt',
      as: 'regulator@harbor',
      given: () => ({ params: { id: kept.asked.receipts.find(({ owner }) => owner === 'harbor')!.id } }),
    },
    {
      operation: 'access.Staff.material',
      as: 'regulator@harbor',
      given: () => ({ params: { id: kept.asked.receipts.find(({ owner }) => owner === 'harbor')!.id } }),
    },
    { operation: 'access.Staff.whatWouldSee', as: 'officer.li@harbor' },
    {
      operation: 'access.Emergency.waiting',
      as: 'officer.li@harbor',
      given: async () => {
        const reason = { code: 'unconscious' as const };
        const identifier = { system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' };
        await demo.as('ed.zhao', 'lakeside').breakGlass({ identifier, reason });
        await until(
          'a review is due',
          async () => (await demo.as('officer.li', 'harbor').reviews()).length > 0,
          60_000,
        );
        return {};
      },
      keep: ({ reviews }: { reviews: { reviewId: string }[] }) => (kept.review = reviews[0]!.reviewId),
    },
    {
      operation: 'access.Emergency.close',
      as: 'officer.li@harbor',
      given: () => ({ params: { reviewId: kept.review } }),
    },
    { operation: 'access.Emergency.notifications', as: 'mei.lin@harbor' },
    // the chain is there, so nothing is approved without it
    {
      operation: 'access.Emergency.approve',
      as: 'ed.zhao@harbor',
      refused: 403,
      given: async () => {
        const key = generateStaffKey('intl');
        const certificate = await certificateOf(demo, key);
        const pending = { ...kept.waiting, leaf: 'ed@harbor' };
        return {
          params: { requestId: kept.waiting.requestId },
          body: signEmergencyApproval(key, certificate, pending, Date.now()),
        };
      },
    },
    {
      operation: 'audit.Regulator.search',
      as: 'regulator@harbor',
      keep: ({ entry }: { entry: { resource: { id: string } }[] }) => (kept.entry = entry[0]!.resource.id),
    },
    { operation: 'audit.Regulator.read', as: 'regulator@harbor', given: () => ({ params: { id: kept.entry } }) },
    { operation: 'audit.Regulator.proof', as: 'regulator@harbor', given: () => ({ params: { id: kept.entry } }) },
    {
      operation: 'audit.Regulator.list',
      as: 'regulator@harbor',
      keep: ({ checkpoints }: { checkpoints: { size: number }[] }) => {
        kept.sizes = checkpoints.map(({ size }) => size);
      },
    },
    {
      operation: 'audit.Regulator.consistency',
      as: 'regulator@harbor',
      given: () => ({ query: { from: String(kept.sizes.at(-1)), to: String(kept.sizes[0]) } }),
    },
  ];

  it('are sent in order, and each is answered as its document says', async () => {
    for (const step of story) await play(demo, operations, step);
  }, 240_000);

  it('do what the CapabilityStatement claims, and what it does not claim is refused', async () => {
    const ids: Record<string, string> = {
      AuditEvent: kept.entry,
      Consent: kept.consent,
      Bundle: kept.opened.opened[0]!.bundle,
    };
    const status = async (type: string, code: string) => {
      const id = `${type}/${ids[type] ?? '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0'}`;
      const [method, path] = {
        'search-type': ['GET', type],
        create: ['POST', type],
        read: ['GET', id],
        update: ['PUT', id],
        patch: ['PATCH', id],
        delete: ['DELETE', id],
        'history-instance': ['GET', `${id}/_history`],
        vread: ['GET', `${id}/_history/1`],
      }[code] as [string, string];
      const [user, institution] = callerOf(type, code);
      const response = await fetch(`${demo.institutions[institution]!.httpUrl}/fhir/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await tokenOf(demo, user, institution)}`,
          ...(method !== 'GET' && { 'content-type': 'application/fhir+json' }),
        },
        // of the type, and in nothing else complete: a route that is there says so
        ...(method !== 'GET' && { body: JSON.stringify({ resourceType: type, status: 3 }) }),
      });
      return { claim: `${code} ${type}`, status: response.status, text: await response.text() };
    };
    const claims = statement.rest[0]!.resource.flatMap(({ type, interaction }) =>
      interaction.map(({ code }) => [type, code] as const),
    );
    expect(claims.length).toBeGreaterThan(80);
    const known = new Set(claims.map((claim) => claim.join()));
    for (const [type, code] of claims) {
      const answer = await status(type, code);
      const wanted = ['create', 'update'].includes(code) ? [201, 400, 422] : [200, 400];
      expect({ ...answer, fits: wanted.includes(answer.status) && !answer.text.includes('fhir.unsupported') }).toEqual({
        ...answer,
        fits: true,
      });
    }
    const codes = ['search-type', 'create', 'read', 'update', 'patch', 'delete', 'history-instance', 'vread'];
    let unclaimed = 0;
    for (const type of ['AuditEvent', 'Bundle', 'Consent', 'Patient', 'Nothing'])
      for (const code of codes.filter((each) => !known.has(`${type},${each}`))) {
        const answer = await status(type, code);
        const refused = [404, 405].includes(answer.status) || answer.text.includes('not supported');
        expect({ ...answer, refused }).toEqual({ ...answer, refused: true });
        unclaimed += 1;
      }
    expect(unclaimed).toBeGreaterThan(20);
  }, 240_000);

  it('leave no documented operation of the public listener without its turn', () => {
    const told = new Set(story.map(({ operation }) => operation));
    expect([...operations.keys()].filter((id) => !told.has(id))).toEqual([]);
  });
});
