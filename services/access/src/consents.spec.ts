import { replayDecision, type ReplayMaterial } from '@medshare/policy';
import { event, findPatientDeals, type DecisionReceipt } from '@medshare/events';
import { ArchivePolicy } from './archive-policy.js';
import { ConsentConsumer } from './entry/consent.consumer.js';
import { TestAccess } from './fixture/access.fixture.js';
import { FollowConsent } from './follow-consent.js';
import { ReadConsents } from './read-consents.js';
import { InvalidConsent, RecordConsent } from './record-consent.js';
import { GiveReplayMaterial } from './replay-material.js';
import { TellWhatWouldSee } from './tell-what-would-see.js';
import { WithdrawCovered } from './withdraw-covered.js';

const code = (system: string, value: string) => ({
  system: `http://terminology.hl7.org/CodeSystem/${system}`,
  code: value,
});
const consent = (provision: object, change: object = {}) => ({
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [code('consentscope', 'patient-privacy')] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { identifier: { system: 'SYSTEM', value: 'CITIZEN-77' } },
  dateTime: '2026-01-01',
  policy: [{ uri: 'https://east.example/consent' }],
  provision,
  ...change,
});
const purpose = (value: string) => [code('v3-ActReason', value)];

describe('consents', () => {
  let test: TestAccess;
  let recording: RecordConsent;
  let reading: ReadConsents;
  let consumer: ConsentConsumer;
  let archive: ArchivePolicy;
  let identifier: { system: string; value: string };
  const key = () => test.context.patientKey(identifier.system, identifier.value);
  const bytes = (resource: object) =>
    new TextEncoder().encode(JSON.stringify(resource).replace('SYSTEM', identifier.system));
  const officer = () => test.principal('officer.li', 'privacy-officer');
  const patient = (value = identifier.value) => ({
    ...test.principal('mei.lin', 'patient'),
    patient: { system: identifier.system, value },
  });
  const record = (resource: object) => recording.create(officer(), bytes(resource));
  const decide = async (envelope = test.envelope()) => test.decisions.decide('lakeside', envelope);
  const told = async () => {
    const rows = (await test.rows('outbox')) as { topic: string; body?: unknown; value?: unknown; id: string }[];
    return rows.filter(({ topic }) => topic === 'consent.recorded').length;
  };
  const follow = async (row: { consentId: string; version: number; commitment: string }) => {
    const { consentId, version, commitment } = row;
    const id = `consent/${consentId}/${version}`;
    await consumer.recorded(event('consent.recorded', { id, key: key() }, { consentId, version, commitment }));
  };

  beforeAll(async () => {
    test = await TestAccess.open();
    identifier = { system: test.context.region.identifierSystems[0]!, value: 'CITIZEN-77' };
    recording = new RecordConsent(test.context, test.consents, test.certificates);
    reading = new ReadConsents(test.context, test.consents, test.certificates);
    archive = new ArchivePolicy(test.context, test.policy);
    const withdrawing = new WithdrawCovered(test.context, test.chain, test.policy, test.certificates, test.consents);
    consumer = new ConsentConsumer(test.context.inbox, new FollowConsent(test.context, test.chain, withdrawing));
  }, 90_000);
  beforeEach(async () => {
    await test.clear();
    test.deals = [test.deal('ordinary', { patient: key() })];
  });
  afterAll(() => test.roles.close());

  describe('are recorded', () => {
    it('as versions that never change, sealed, each told on with its commitment', async () => {
      const first = await record(consent({ type: 'permit', purpose: purpose('HRESCH') }));
      const { consentId } = first.row;
      const second = await recording.update(patient(), consentId, bytes(consent({ type: 'deny' })));
      expect([first.row.version, second.row.version, second.row.previous]).toEqual([1, 2, first.row.commitment]);
      expect(await reading.read(patient(), consentId, 1)).toMatchObject({
        id: consentId,
        meta: { versionId: '1' },
        provision: { type: 'permit' },
      });
      expect(await reading.history(officer(), consentId)).toMatchObject({
        total: 2,
        entry: [{ resource: { provision: { type: 'deny' } } }, { resource: { provision: { type: 'permit' } } }],
      });
      expect(await told()).toBe(2);
      const stored = (await test.rows('consent_version'))
        .map((row) => Object.values(row).map(String).join(' '))
        .join(' ');
      for (const text of [stored, JSON.stringify(test.roles.audited)]) expect(text).not.toContain('CITIZEN-77');
      expect(stored).not.toContain('HRESCH');
    });

    it('only of the version that the caller saw', async () => {
      const { row } = await record(consent({ type: 'permit' }));
      const again = bytes(consent({ type: 'deny' }));
      await recording.update(officer(), row.consentId, again, 1);
      await expect(recording.update(officer(), row.consentId, again, 1)).rejects.toMatchObject({
        code: 'request.precondition-failed',
      });
    });

    it('by patients for themselves only; nobody else’s is found', async () => {
      const { row } = await record(consent({ type: 'permit' }));
      const stranger = patient('CITIZEN-78');
      await expect(recording.create(stranger, bytes(consent({ type: 'permit' })))).rejects.toMatchObject({
        code: 'auth.forbidden',
        where: 'Consent.patient',
      });
      const own = consent(
        { type: 'deny' },
        { patient: { identifier: { system: identifier.system, value: 'CITIZEN-78' } } },
      );
      for (const tried of [
        recording.update(stranger, row.consentId, bytes(own)),
        reading.read(stranger, row.consentId),
        reading.history(stranger, row.consentId),
        reading.read(officer(), 'not-an-id'),
      ])
        await expect(tried).rejects.toMatchObject({ code: 'request.not-found' });
      expect(await reading.search(stranger)).toMatchObject({ total: 0 });
      expect(await reading.search(patient())).toMatchObject({ total: 1 });
    });

    it.each<[string, string, object]>([
      [
        'Consent.patient.identifier',
        'fhir.invalid',
        consent({ type: 'permit' }, { patient: { reference: 'Patient/1' } }),
      ],
      ['Consent.dateTime', 'fhir.invalid', consent({ type: 'permit' }, { dateTime: undefined })],
      ['Consent.provision', 'fhir.invalid', consent({ type: 'permit' }, { provision: undefined })],
      ['Consent.provision.type', 'fhir.invalid', consent({ type: 'perhaps' })],
      ['Consent.surplus', 'fhir.invalid', consent({ type: 'permit' }, { surplus: 1 })],
    ])('not where %s is wrong', async (where, problem, resource) => {
      const caught = await record(resource).catch((thrown: unknown) => thrown);
      expect(caught).toBeInstanceOf(InvalidConsent);
      expect((caught as InvalidConsent).problems).toContainEqual(expect.objectContaining({ code: problem, where }));
      expect(await test.rows('consent_version')).toEqual([]);
    });
  });

  describe('decide', () => {
    const receiptOf = async (envelope = test.envelope()): Promise<DecisionReceipt> =>
      (await decide(envelope)).receipts[0]!;

    it('a refusal where patients may opt out, after the policy and quoted by the receipt', async () => {
      expect((await receiptOf()).outcome).toBe('permit');
      const { row } = await record(consent({ type: 'deny', purpose: purpose('TREAT') }));
      const receipt = await receiptOf();
      expect(receipt).toMatchObject({
        outcome: 'deny',
        problem: 'access.denied',
        rules: ['legal.treatment-ordinary', 'consent.opt-out', 'consent.deny'],
      });
      expect(receipt.consents).toHaveLength(1);
      // blinded: two receipts do not show that they are about one patient
      expect(receipt.consents).not.toContain(row.commitment);
      expect((await receiptOf()).consents).not.toEqual(receipt.consents);
      // what the law does not leave to the patient goes on
      const requester = { institution: 'lakeside', roles: ['ed'], person: 'zhao' };
      const emergency = { requester, purpose: 'ETREAT', class: 'ordinary', at: test.roles.clock.now() };
      const { said, rules } = test.consents.answer(await test.consents.inForce([key()]), emergency);
      const about = { owner: 'harbor', level: 3, relation: 'none' as const, requestedDays: 1 };
      const decided = test.policy.decide({ ...emergency, ...about, consent: said, consentRules: rules });
      expect([said, decided.outcome]).toEqual(['refused', 'permit']);
    });

    it('nothing for another patient, and nothing when it is over', async () => {
      const other = { system: identifier.system, value: 'CITIZEN-78' };
      await record(consent({ type: 'deny' }, { patient: { identifier: other } }));
      await record(consent({ type: 'deny', period: { end: '2020-01-01' } }));
      await record(consent({ type: 'deny' }, { status: 'inactive' }));
      expect((await receiptOf()).outcome).toBe('permit');
    });

    it('a refusal with the named element where one is not understood', async () => {
      const { faults } = await record(consent({ type: 'permit', purpose: purpose('NEWCODE') }));
      expect(faults).toEqual(['Consent.provision.purpose[0]']);
      expect(await receiptOf()).toMatchObject({
        outcome: 'deny',
        rules: expect.arrayContaining(['consent.not-understood:Consent.provision.purpose[0]']),
      });
    });

    it('a permit where patients have to opt in, and a refusal without one', async () => {
      const input = {
        requester: { institution: 'lakeside', roles: ['researcher'], person: 'gao' },
        owner: 'harbor',
        class: 'ordinary',
        level: 3,
        purpose: 'HRESCH',
        relation: 'none' as const,
        requestedDays: 7,
      };
      const said = async () => {
        const answer = test.consents.answer(await test.consents.inForce([key()]), {
          purpose: 'HRESCH',
          requester: input.requester,
          class: 'ordinary',
          at: test.roles.clock.now(),
        });
        return test.policy.decide({ ...input, consent: answer.said, consentRules: answer.rules });
      };
      expect(await said()).toMatchObject({ outcome: 'deny', rules: expect.arrayContaining(['consent.opt-in']) });
      await record(consent({ type: 'permit', purpose: purpose('HRESCH') }));
      expect(await said()).toMatchObject({ outcome: 'permit', rules: expect.arrayContaining(['consent.permit']) });
      await record(consent({ type: 'deny', purpose: purpose('HRESCH') }));
      expect(await said()).toMatchObject({ outcome: 'deny' });
    });

    it('also when one is recorded while an ask is decided', async () => {
      const load = test.consents.inForce.bind(test.consents);
      let raced = false;
      test.consents.inForce = async (...args) => {
        const seen = await load(...args);
        if (!raced) {
          raced = true;
          await record(consent({ type: 'deny' }));
        }
        return seen;
      };
      const { receipts, proposals } = await decide();
      test.consents.inForce = load;
      expect([receipts[0]!.outcome, proposals]).toEqual(['deny', []]);
    });
  });

  describe('withdraw', () => {
    const functions = () => test.submitted.map((one) => one.function);

    it('what was permitted before, also what nobody brought to the chain yet; once', async () => {
      const { proposals } = await decide();
      const { row } = await record(consent({ type: 'deny' }));
      await follow(row);
      // the chain of the test keeps nothing by itself
      expect(functions()).toEqual(['consent', 'request']);
      const request = test.submitted[1]!.args as { id: string; dealCommitment: string };
      expect(request.dealCommitment).toBe(proposals[0]!.dealCommitment);
      expect(await test.rows('proposal')).toMatchObject([{ withdrawn_at: expect.any(Date) }]);
      await follow(row);
      // the commitment again, which the chain knows, and nothing else
      expect(functions()).toEqual(['consent', 'request', 'consent']);
    });

    it('with a signed revocation of what stands on the chain', async () => {
      const { request } = await test.requested();
      test.deals = [];
      await test.context.database.query('UPDATE proposal SET patient = $1', [key()]);
      const { row } = await record(consent({ type: 'deny' }));
      await follow(row);
      expect(test.submitted.at(-1)).toMatchObject({
        function: 'revoke',
        args: {
          requestId: request.id,
          reason: 'consent-withdrawn',
          certificate: { kind: 'service', institution: 'harbor' },
        },
      });
      expect(test.roles.audited.filter(({ action }) => action === 'grant.revoked')).toEqual([]);
    });

    it('nothing that is still allowed', async () => {
      await decide();
      const { row } = await record(consent({ type: 'deny', purpose: purpose('HPAYMT') }));
      await follow(row);
      expect(functions()).toEqual(['consent']);
      expect(await test.rows('proposal')).toMatchObject([{ withdrawn_at: null }]);
    });

    it('later, when the chain is away now', async () => {
      const { row } = await record(consent({ type: 'deny' }));
      test.roles.away.add('harbor ledger.submit');
      await expect(follow(row)).rejects.toMatchObject({ code: 'peer.unavailable' });
      expect(await test.rows('inbox')).toEqual([]);
    });
  });

  describe('a regulator replays', () => {
    const materials = () =>
      new GiveReplayMaterial(test.context, test.store, test.receipts, archive, test.consents, test.certificates);
    const regulator = () => test.principal('regulator', 'regulator');
    const trusted = () => {
      const { keys } = test.context.region.members.find(({ id }) => id === 'harbor')!;
      return { suite: test.context.region.suite, accessKey: keys.access };
    };
    const materialOf = async (): Promise<ReplayMaterial> => {
      const { receipts } = await decide();
      return (await materials().of(regulator(), receipts[0]!.id)) as ReplayMaterial;
    };
    const differs = (material: ReplayMaterial) => replayDecision(material, trusted()).map(({ what }) => what);
    beforeEach(() => archive.onApplicationBootstrap());

    it('a decision with the policy and the consents of its time, and finds it as it was', async () => {
      await record(consent({ type: 'permit' }));
      const material = await materialOf();
      expect(material.receipt.outcome).toBe('permit');
      // what came later changes nothing of it
      test.roles.clock.advance(1000);
      await record(consent({ type: 'deny' }));
      const again = (await materials().of(regulator(), material.receipt.id)) as ReplayMaterial;
      expect([differs(material), differs(again)]).toEqual([[], []]);
      expect(again.consents).toHaveLength(1);
    });

    it.each<[string, string[], (given: ReplayMaterial) => object]>([
      [
        'an altered outcome',
        ['signature', 'outcome'],
        ({ receipt }) => ({ receipt: { ...receipt, outcome: 'permit' } }),
      ],
      ['altered rules', ['signature', 'rules'], ({ receipt }) => ({ receipt: { ...receipt, rules: [] } })],
      ['another relation', ['inputs', 'rules'], ({ inputs }) => ({ inputs: { ...inputs, relation: 'none' } })],
      ['a hidden consent', ['consents', 'outcome'], () => ({ consents: [] })],
      [
        'an altered policy',
        ['policy', 'outcome'],
        ({ policy }) => ({
          policy: {
            ...policy,
            files: {
              ...policy.files,
              'legal-basis/east.yaml': policy.files['legal-basis/east.yaml']!.replace(
                'consent: opt-out',
                'consent: none',
              ),
            },
          },
        }),
      ],
      [
        'an altered consent',
        ['consents[0]', 'outcome'],
        ({ consents: [one] }) => ({
          consents: [
            {
              ...one!,
              resource: Buffer.from(
                Buffer.from(one!.resource, 'base64url').toString().replace('deny', 'permit'),
              ).toString('base64url'),
            },
          ],
        }),
      ],
    ])('and names what differs: %s', async (_, expected, change) => {
      await record(consent({ type: 'deny' }));
      const material = await materialOf();
      expect(differs(material)).toEqual([]);
      expect(differs({ ...material, ...change(material) } as ReplayMaterial)).toEqual(expect.arrayContaining(expected));
    });
  });

  it('what a named clinician would see is told with its reasons, audited, and without effect', async () => {
    test.roles.on('harbor', findPatientDeals, () => ({
      deals: [test.deal('ordinary', { sections: 3 }), test.deal('sensitive:hiv', { level: 5 })],
    }));
    const telling = new TellWhatWouldSee(test.context, test.policy, test.consents, test.certificates);
    const body = {
      clinician: { institution: 'lakeside', roles: ['clinician'], person: 'st-7' },
      patient: identifier,
      purpose: 'TREAT',
      relation: 'treating' as const,
      days: 7,
    };
    const { row } = await record(
      consent({
        type: 'deny',
        actor: [
          {
            role: { coding: [code('v3-ParticipationType', 'IRCP')] },
            reference: { identifier: { system: 'urn:medshare:person', value: 'st-7@lakeside' } },
          },
        ],
      }),
    );
    const see = async (change: object = {}) => (await telling.tell(patient(), { ...body, ...change })).classes;
    expect(await see()).toMatchObject([
      { class: 'ordinary', outcome: 'deny', consent: 'refused', consents: [{ id: row.consentId, version: 1 }] },
      { class: 'sensitive:hiv', outcome: 'deny' },
    ]);
    expect(await see({ clinician: { ...body.clinician, person: 'st-8' } })).toMatchObject([
      { class: 'ordinary', sections: 3, outcome: 'permit', approval: 'none', approvals: [] },
      {
        class: 'sensitive:hiv',
        outcome: 'permit',
        approval: 'required',
        // not the emergency departments, which serve emergencies only
        approvals: ['privacy-officer@harbor', 'attending@harbor'],
      },
    ]);
    await expect(telling.tell(patient('CITIZEN-78'), body)).rejects.toMatchObject({ code: 'auth.forbidden' });
    expect(test.roles.audited.filter(({ action }) => action === 'access.evaluated')).toHaveLength(2);
    expect([test.submitted, await test.rows('ask')]).toEqual([[], []]);
  });
});
