import { fromUtf8 } from '@medshare/crypto';
import { event, type EmergencyEvidence } from '@medshare/events';
import type { Ledger } from '@medshare/ledger';
import { problem } from '@medshare/problems';
import { eventually } from '@medshare/testkit';
import { TestLedger } from './fixture/ledger.fixture.js';
import { SubmitEvidence } from './submit-evidence.js';

const leaves = ['ed@harbor', 'ed@summit'];
const formula = { k: 2, of: leaves.map((leaf) => ({ leaf })) };

describe('evidence of what was released while the chain was away', () => {
  let test: TestLedger;
  beforeAll(async () => void (test = await TestLedger.open()), 90_000);
  afterEach(() => test.clear());
  afterAll(() => test.close());

  /** The chain as it is, but for one function. */
  const over = (submit: Ledger['submit']): Ledger => Object.assign(Object.create(test.chain) as Ledger, { submit });
  const submitting = (chain: Ledger = test.chain) =>
    new SubmitEvidence({ ...test.context, metrics: metrics() as never }, chain);
  const gauges = new Map<string, number>();
  const metrics = () => ({
    gauge: (name: string) => ({ set: (value: number) => void gauges.set(name, value) }),
  });
  const told = (evidence: EmergencyEvidence) =>
    event(
      'emergency.released',
      { id: `emergency/${evidence.request.id}/${evidence.release?.entry}`, key: evidence.request.id },
      { evidence },
    );
  const queue = async (...some: EmergencyEvidence[]) => {
    for (const one of some) await test.consumer().released(told(one));
  };
  const rows = async () =>
    (
      await test.context.database.query<{
        request_id: string;
        state: string;
        block: string | null;
        problem: string | null;
      }>('SELECT request_id, state, block, problem FROM evidence ORDER BY sequence')
    ).rows;
  const onChain = async (evidence: EmergencyEvidence, key = `grant/${evidence.request.id}`) => {
    const there = (await test.chain.getMany([key])).get(key);
    return there && (JSON.parse(fromUtf8(there.value)) as Record<string, unknown>);
  };
  const entries = async () =>
    (await test.told('audit.recorded')).map(({ value }) => value['entry'] as Record<string, unknown>);

  it('is brought to the chain once, says how late it is, and becomes a grant', async () => {
    const evidence = test.emergency(formula, 'once', leaves);
    await queue(evidence, evidence);
    test.roles.clock.advance(60_000);
    const role = submitting();
    await role.round();
    await role.round();
    expect(await onChain(evidence)).toMatchObject({ state: 'active', leaves, lateMs: 60_000 });
    const { requestId, leaf, entry } = evidence.release!;
    expect(await onChain(evidence, `emergency-release/${requestId}/${leaf}/${entry}`)).toEqual(evidence.release);
    const { number } = await test.chain.height();
    expect(await rows()).toMatchObject([{ state: 'anchored', block: String(number) }]);
    expect(await entries()).toMatchObject([
      {
        action: 'emergency.anchored',
        outcome: 'success',
        entities: expect.arrayContaining([
          { kind: 'leaf', id: leaf },
          { kind: 'late-ms', id: '60000' },
        ]),
      },
    ]);
  });

  it('waits while the chain is away, in its order and counted by its age', async () => {
    const [first, second] = ['first', 'second'].map((deal) => test.emergency(formula, deal, leaves)) as [
      EmergencyEvidence,
      EmergencyEvidence,
    ];
    await queue(first, second);
    test.roles.clock.advance(5000);
    const tried: string[] = [];
    const away = over((_, args) => {
      tried.push((args as unknown as EmergencyEvidence).request.id);
      return Promise.reject(problem('ledger.unavailable'));
    });
    await expect(submitting(away).round()).rejects.toMatchObject({ code: 'ledger.unavailable' });
    expect(tried).toEqual([first.request.id]);
    expect((await rows()).map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    const measured = () =>
      ['waiting', 'refused', 'oldest_seconds'].map((name) => gauges.get(`emergency_evidence_${name}`));
    expect(measured()).toEqual([2, 0, 5]);
    await submitting().round();
    expect((await rows()).map(({ state }) => state)).toEqual(['anchored', 'anchored']);
    expect(measured()).toEqual([0, 0, 0]);
  });

  it('that the chain refuses is kept and named, and what follows it is brought', async () => {
    const honest = test.emergency(formula, 'honest', leaves);
    const short = test.emergency(formula, 'short', ['ed@harbor']);
    const sound = test.emergency(formula, 'forged', leaves);
    const forged = { ...sound, release: { ...sound.release!, capsules: 2 } };
    await queue(short, forged, honest);
    await submitting().round();
    expect(await rows()).toMatchObject([
      { request_id: short.request.id, state: 'refused', problem: 'access.incomplete' },
      { request_id: forged.request.id, state: 'refused', problem: 'access.forged' },
      { request_id: honest.request.id, state: 'anchored', problem: null },
    ]);
    expect([await onChain(short), await onChain(forged)]).toEqual([undefined, undefined]);
    expect(gauges.get('emergency_evidence_refused')).toBe(2);
    expect((await entries()).map(({ outcome, problem: code }) => [outcome, code])).toEqual([
      ['refused', 'access.incomplete'],
      ['refused', 'access.forged'],
      ['success', undefined],
    ]);
    const named = test.roles.logged.filter(({ text }) => text === 'the chain refuses the evidence of a release');
    expect(named.map(({ fields }) => fields['requestId'])).toEqual([short.request.id, forged.request.id]);
  });

  it('that fails otherwise waits, is named, and keeps nothing else from the chain', async () => {
    const [stuck, free] = ['stuck', 'free'].map((deal) => test.emergency(formula, deal, leaves)) as [
      EmergencyEvidence,
      EmergencyEvidence,
    ];
    await queue(stuck, free);
    const disputed = over((name, args) =>
      (args as unknown as EmergencyEvidence).request.id === stuck.request.id
        ? Promise.reject(problem('ledger.endorsement-mismatch'))
        : test.chain.submit(name, args),
    );
    await submitting(disputed).round();
    expect((await rows()).map(({ state }) => state)).toEqual(['waiting', 'anchored']);
    expect(test.roles.logged).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: expect.objectContaining({ requestId: stuck.request.id, code: 'ledger.endorsement-mismatch' }),
      }),
    );
    await submitting().round();
    expect((await rows()).map(({ state }) => state)).toEqual(['anchored', 'anchored']);
  });

  it('that was committed before a crash is told once although it is submitted again', async () => {
    const evidence = test.emergency(formula, 'crash', leaves);
    await queue(evidence);
    const dies = over(async (name, args) => {
      await test.chain.submit(name, args);
      throw problem('ledger.unavailable');
    });
    await expect(submitting(dies).round()).rejects.toMatchObject({ code: 'ledger.unavailable' });
    expect([await rows(), await entries()]).toMatchObject([[{ state: 'waiting' }], []]);
    // two replicas at once
    await Promise.all([submitting().round(), submitting().round()]);
    expect(await rows()).toMatchObject([{ state: 'anchored' }]);
    expect(await entries()).toHaveLength(1);
  });

  it('is brought by the running role when the chain is back', async () => {
    let back = false;
    const role = submitting(
      over((name, args) => (back ? test.chain.submit(name, args) : Promise.reject(problem('ledger.unavailable')))),
    );
    role.onApplicationBootstrap();
    try {
      await queue(test.emergency(formula, 'running', leaves));
      await eventually(() => test.roles.logged.some(({ text }) => text === 'evidence not submitted, will retry'));
      back = true;
      await eventually(async () => (await rows())[0]?.state === 'anchored');
    } finally {
      await role.onApplicationShutdown();
    }
  });
});
