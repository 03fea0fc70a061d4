import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyAuditProof } from '@medshare/client';
import type { AskResponse } from '@medshare/events';
import { audited, startDemo, until, type Demo, type DemoOptions } from '../harness/demo.js';
import { admission, hivTest, identifierOf, patient, sodium } from '../harness/messages.js';

/** The whole way of a record, on real sockets: the same suite whether institutions share a process or not. */
export function recordFlow(
  name: string,
  options: Pick<DemoOptions, 'separate' | 'suite' | 'env' | 'data' | 'portBase'>,
  then: (demoOf: () => Demo) => void = () => undefined,
): void {
  describe(`the way of a record, ${name}`, () => {
    let demo: Demo;
    let asked: AskResponse;
    const mei = patient(1);
    const about = { identifier: identifierOf(mei), purpose: 'TREAT', relation: 'treating' as const, days: 7 };
    const doctor = () => clients.doctor;
    const clients = {} as { doctor: ReturnType<Demo['as']> };

    beforeAll(async () => {
      demo = await startDemo(options);
      clients.doctor = demo.as('dr.chen', 'lakeside');
    }, 300_000);

    afterAll(async () => {
      await demo?.stop();
      if (!options.data) await demo?.remove();
    }, 60_000);

    it('acknowledges ADT and ORU over MLLP and a FHIR Bundle over HTTP, and anchors all of them', async () => {
      const answers = await demo.send('harbor', admission(mei), sodium(mei), hivTest(mei));
      expect(answers.map((answer) => /\rMSA\|(\w\w)/.exec(answer)?.[1])).toEqual(['AA', 'AA', 'AA']);
      const response = await fetch(`${demo.institutions.harbor!.httpUrl}/fhir`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await demo.feedToken('harbor')}`, 'content-type': 'application/fhir+json' },
        body: JSON.stringify(fhirBundle(mei)),
      });
      expect([response.status, await response.json()]).toMatchObject([200, { type: 'transaction-response' }]);
      await until('4 records anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 4, 60_000);
    }, 90_000);

    it('lets a clinician of another institution find the anchors and ask', async () => {
      await until('the deals are shareable', async () => {
        asked = await doctor().ask(about);
        const classes = new Set(asked.requests.map((request) => request.class));
        return classes.has('ordinary') && classes.has('sensitive:hiv');
      });
      expect(asked.found).toEqual([{ institution: 'harbor', records: 4 }]);
      expect(asked.receipts.map(({ outcome }) => outcome)).toEqual(asked.receipts.map(() => 'permit'));
    }, 60_000);

    it('opens the ordinary class under the legal basis, and the sensitive one not yet', async () => {
      // one request a deal: a slow machine grants them one after the other
      await until('ordinary granted', async () => {
        const { requests } = await doctor().asked(asked.askId);
        return requests.every((one) => one.class !== 'ordinary' || one.state === 'granted');
      });
      const { opened, refused } = await doctor().open(asked.askId);
      expect(new Set(opened.map((one) => one.class))).toEqual(new Set(['ordinary']));
      expect(opened.length).toBeGreaterThanOrEqual(3);
      expect(refused).toMatchObject([{ class: 'sensitive:hiv', problem: 'access.incomplete' }]);
      const texts = await Promise.all(opened.map(async ({ bundle }) => text(await doctor().bundle(bundle))));
      expect(texts.join('')).toContain('2951-2');
      expect(texts.join('')).not.toContain('75622-1');
    }, 60_000);

    it('opens the sensitive class after its formula, byte for byte', async () => {
      for (const username of ['officer.li', 'dr.wu']) {
        const staff = demo.as(username, 'harbor');
        const waiting = await until(`${username} sees the request`, async () =>
          (await staff.approvals()).find((one) => one.class === 'sensitive:hiv' && one.state === 'waiting'),
        );
        await staff.approve(waiting);
      }
      await until(
        'sensitive granted',
        async () => stateOf(await doctor().asked(asked.askId), 'sensitive:hiv') === 'granted',
      );
      const { opened, refused } = await doctor().open(asked.askId);
      expect(refused).toEqual([]);
      const sensitive = opened.filter((one) => one.class === 'sensitive:hiv');
      expect(sensitive).toHaveLength(1);
      const bytes = await doctor().bundle(sensitive[0]!.bundle);
      expect(
        createHash(options.suite === 'sm' ? 'sm3' : 'sha256')
          .update(bytes)
          .digest('base64url'),
      ).toBe(sensitive[0]!.digest);
      expect(text(bytes)).toContain('75622-1');
    }, 60_000);

    it('opens a later result of the same episode under the same grant', async () => {
      await demo.send('harbor', sodium(mei, '141.50'));
      await until('the later record anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 5);
      const found = await until('the later result opened', async () => {
        const { opened } = await doctor().open(asked.askId);
        const texts = await Promise.all(opened.map(async ({ bundle }) => text(await doctor().bundle(bundle))));
        return texts.find((one) => one.includes('141.50'));
      });
      expect(found).toContain('"value":141.50');
    }, 60_000);

    it('gives nothing to a third person, for a wrong purpose, or to a self-approval', async () => {
      await expect(demo.as('dr.wu', 'lakeside').open(asked.askId)).rejects.toMatchObject({ code: 'request.not-found' });
      const research = await doctor().ask({ ...about, purpose: 'HRESCH' });
      expect(research.requests).toEqual([]);
      expect(research.receipts.map(({ outcome }) => outcome)).toEqual(['deny']);
    }, 60_000);

    it('gives nothing more once revoked', async () => {
      const request = asked.requests.find((one) => one.class === 'ordinary')!;
      const { block } = await doctor().revoke({ ...request, reason: 'no-longer-needed' });
      expect(block).toBeGreaterThan(0);
      await demo.send('harbor', sodium(mei, '139'));
      await until('one more anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 6);
      const { refused } = await doctor().open(asked.askId);
      expect(refused).toContainEqual(expect.objectContaining({ class: 'ordinary', problem: 'access.revoked' }));
    }, 90_000);

    it('has an audit entry for every step, each proven offline with the client alone', async () => {
      const region = JSON.parse(await readFile(join(demo.data, 'harbor', 'region.json'), 'utf8')) as {
        suite: 'intl' | 'sm';
        members: { id: string; keys: { audit: string } }[];
      };
      const wanted = {
        harbor: [
          'message.received',
          'record.classified',
          'record.sealed',
          'record.anchored',
          'deal.made',
          'ask.decided',
          'approval.given',
          'grant.made',
          'fragments.released',
        ],
        lakeside: ['ask.made', 'index.searched', 'section.opened', 'bundle.read', 'leaf.accepted', 'grant.revoked'],
        summit: ['leaf.accepted'],
      };
      for (const [institution, actions] of Object.entries(wanted)) {
        const auditKey = region.members.find(({ id }) => id === institution)!.keys.audit;
        const regulator = demo.as('regulator', institution);
        for (const action of actions) {
          const found = (await regulator.auditEvents({ action, _count: '1' })) as {
            entry: { resource: { id: string } }[];
          };
          expect([institution, action, found.entry.length]).toEqual([institution, action, 1]);
          const proof = await regulator.auditProof(found.entry[0]!.resource.id);
          expect(verifyAuditProof({ suite: region.suite, auditKey, institution }, proof).action).toBe(action);
        }
      }
    }, 60_000);

    then(() => demo);
  });
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const stateOf = (asked: AskResponse, wanted: string): string | undefined =>
  asked.requests.find((one) => one.class === wanted)?.state;

function fhirBundle({ citizen, visit, family, given }: ReturnType<typeof patient>): object {
  const patientUrl = 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0';
  const encounterUrl = 'urn:uuid:1c3151bd-1cbf-4d64-b04d-cd9187a4c6e1';
  const identifier = [{ system: 'urn:medshare:east:citizen', value: citizen }];
  const request = (url: string) => ({ request: { method: 'POST', url } });
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: patientUrl,
        resource: { resourceType: 'Patient', identifier, name: [{ family, given: [given] }] },
        ...request('Patient'),
      },
      {
        fullUrl: encounterUrl,
        resource: {
          resourceType: 'Encounter',
          identifier: [{ value: visit }],
          status: 'in-progress',
          class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
          subject: { reference: patientUrl },
        },
        ...request('Encounter'),
      },
      {
        fullUrl: 'urn:uuid:2c3151bd-1cbf-4d64-b04d-cd9187a4c6e2',
        resource: {
          resourceType: 'Observation',
          status: 'final',
          code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
          subject: { reference: patientUrl },
          encounter: { reference: encounterUrl },
          effectiveDateTime: '2026-11-21T08:00:00+08:00',
          valueQuantity: { value: 72, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
        },
        ...request('Observation'),
      },
    ],
  };
}
