import { randomUUID } from 'node:crypto';
import { signDocument, toBase64url } from '@medshare/crypto';
import { event } from '@medshare/events';
import type { Ledger } from '@medshare/ledger';
import { problem } from '@medshare/problems';
import type { Finding } from '@medshare/role';
import { eventually } from '@medshare/testkit';
import { checkLedger } from './check-ledger.js';
import { TestLedger } from './fixture/ledger.fixture.js';
import { WatchAnchors } from './watch-anchors.js';

/** The way of anchors and checkpoints to a real chain, and of what it says back. */
describe('anchors on their way', () => {
  let test: TestLedger;
  beforeAll(async () => void (test = await TestLedger.open()), 90_000);
  afterEach(() => test.clear());
  afterAll(() => test.close());

  const states = async () => (await test.rows()).map(({ state }) => state);
  const allAre = (state: string, count: number) =>
    eventually(async () => (await states()).filter((one) => one === state).length === count);
  const enqueue = async (...messages: ReturnType<TestLedger['sealed']>[]) => {
    for (const message of messages) await test.consumer().sealed(message);
  };
  const over = (change: Partial<Ledger>): Ledger => Object.assign(Object.create(test.chain) as Ledger, change);
  /** Methods of the chain that a test does not change, still bound to it. */
  const bound = (change: Partial<Ledger>): Ledger =>
    over({
      submit: (fn, args) => test.chain.submit(fn, args),
      blocks: (from, signal) => test.chain.blocks(from, signal),
      height: () => test.chain.height(),
      ...change,
    });
  const findings = async (): Promise<Finding[]> => {
    const found: Finding[] = [];
    for await (const finding of checkLedger(test.context, test.chain)) found.push(finding);
    return found;
  };

  it('come to the chain in batches, are marked and told once, with an audit entry each', async () => {
    const submitted: number[] = [];
    const chain = bound({
      submit: (fn, args) => {
        submitted.push((args as unknown as { anchors: unknown[] }).anchors.length);
        return test.chain.submit(fn, args);
      },
    });
    await enqueue(...Array.from({ length: 25 }, (_, n) => test.sealed(test.anchor(`batch/${n}`))));
    test.start(chain);
    await allAre('anchored', 25);
    await test.followed();
    expect(submitted[0]).toBe(25);
    const told = await test.told('record.anchored');
    expect(new Set(told.map(({ id }) => id)).size).toBe(25);
    expect(told).toHaveLength(25);
    expect(await test.told('audit.recorded')).toHaveLength(25);
    expect(await findings()).toEqual([]);
  });

  it('hear of the same sealed record twice and queue it once', async () => {
    const message = test.sealed(test.anchor('twice'));
    await enqueue(message, message, { ...message, id: 'another event of it' });
    expect(await states()).toEqual(['waiting']);
  });

  it('show how many wait, for how long, and which the chain refused', async () => {
    const watch = new WatchAnchors(test.context);
    const shown = async () => {
      await watch.look();
      const lines = (await test.context.metrics.expose())
        .split('\n')
        .filter((line) => /^medshare_ledger_anc/.test(line));
      return Object.fromEntries(lines.map((line) => [/anchors?_(\w+)/.exec(line)![1], Number(line.split(' ')[1])]));
    };
    expect(await shown()).toEqual({ waiting: 0, refused: 0, lag_seconds: 0 });
    await enqueue(...['a', 'b', 'c'].map((name) => test.sealed(test.anchor(`shown/${name}`))));
    test.roles.clock.advance(90_000);
    expect(await shown()).toEqual({ waiting: 3, refused: 0, lag_seconds: 90 });
    await test.context.database.query(`UPDATE anchor SET state = 'refused' WHERE tag = $1`, [
      test.anchor('shown/a').tag,
    ]);
    expect(await shown()).toMatchObject({ waiting: 2, refused: 1 });
    test.start();
    await eventually(async () => (await shown()).waiting === 0);
    expect(await shown()).toEqual({ waiting: 0, refused: 1, lag_seconds: 0 });
  });

  it('are not submitted at once by every wake while the chain is away', async () => {
    let attempts = 0;
    const chain = bound({
      submit: () => {
        attempts += 1;
        return Promise.reject(problem('ledger.unavailable'));
      },
    });
    const consumer = test.start(chain);
    for (let n = 0; n < 40; n += 1) await consumer.sealed(test.sealed(test.anchor(`away/${n}`)));
    expect(attempts).toBeLessThan(6);
    await test.stop();
    expect(new Set(await states())).toEqual(new Set(['waiting']));
    test.start();
    await allAre('anchored', 40);
  });

  it('survive a crash between the commit and the cursor: the same event ids, told once', async () => {
    const [first, second] = [test.sealed(test.anchor('crash/1')), test.sealed(test.anchor('crash/2'))];
    await enqueue(first, second);
    // submitted and committed, then the process ends before anything is followed
    await test.chain.submit('anchor', { institution: 'harbor', anchors: [test.anchor('crash/1')] } as never);
    test.start();
    await allAre('anchored', 2);
    await test.stop();
    await test.context.database.query(`UPDATE cursor SET next = 0`);
    test.start();
    await test.followed();
    const ids = (await test.told('record.anchored')).map(({ id }) => id).sort();
    expect(ids).toEqual([first, second].map(({ id }) => id.replace('sealed', 'anchored')).sort());
    expect(await test.told('audit.recorded')).toHaveLength(2);
  });

  it('are told once by two replicas that follow at once', async () => {
    await enqueue(test.sealed(test.anchor('replicas/1')), test.sealed(test.anchor('replicas/2')));
    const { request } = test.request({ leaf: 'custodian@harbor' }, 'replicas');
    test.start();
    test.start();
    await test.chain.submit('request', request as never);
    await allAre('anchored', 2);
    await test.followed();
    expect(await test.told('record.anchored')).toHaveLength(2);
    expect((await test.told('chain.changed')).filter(({ value }) => value['requestId'] === request.id)).toHaveLength(1);
  });

  it('whose tag is taken by other content are refused, logged, audited and named by fsck; others go on', async () => {
    await test.chain.submit('anchor', { institution: 'harbor', anchors: [test.anchor('taken', 'other')] } as never);
    const [id, fine] = [randomUUID(), randomUUID()];
    await enqueue(test.sealed(test.anchor('taken'), id), test.sealed(test.anchor('free'), fine));
    test.start();
    await allAre('refused', 1);
    await allAre('anchored', 1);
    const audited = (await test.told('audit.recorded')).map(({ value }) => value['entry'] as Record<string, unknown>);
    expect(audited).toContainEqual(
      expect.objectContaining({ outcome: 'refused', problem: 'ledger.conflict', entities: [{ kind: 'record', id }] }),
    );
    expect((await test.told('record.anchored')).map(({ value }) => value['recordId'])).toEqual([fine]);
    expect(test.roles.logged).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { recordId: id, code: 'ledger.conflict' } }),
    );
    expect(await findings()).toMatchObject([{ id, problem: 'ledger.conflict' }]);
  });

  it('are not marked by a block that anchored other content under their tag', async () => {
    const id = randomUUID();
    await enqueue(test.sealed(test.anchor('restored'), id));
    // what an institution restored from an old backup finds on the chain, before it submits anything
    await test.chain.submit('anchor', { institution: 'harbor', anchors: [test.anchor('restored', 'newer')] } as never);
    test.start();
    await allAre('refused', 1);
    expect(await test.told('record.anchored')).toEqual([]);
  });

  it('that vanished from or changed on the way are named by fsck', async () => {
    await enqueue(test.sealed(test.anchor('fsck')));
    test.start();
    await allAre('anchored', 1);
    await test.stop();
    const [{ record_id: id }] = (await test.rows()) as unknown as [{ record_id: string }];
    await test.context.database.query(`UPDATE anchor SET body = jsonb_set(body, '{sealRoot}', '"x"')`);
    expect(await findings()).toMatchObject([{ id, problem: 'disagrees' }]);
    await test.context.database.query(`UPDATE anchor SET body = jsonb_set(body, '{tag}', '"x"')`);
    expect(await findings()).toMatchObject([{ id, problem: 'missing' }]);
  });

  const checkpoint = (size: number, root: string) => {
    const body = {
      institution: 'harbor',
      size,
      root: toBase64url(test.context.suite.hash(new TextEncoder().encode(root))),
    };
    const signature = signDocument(
      test.context.suite,
      test.roles.key('harbor', 'audit').privateKey,
      'checkpoint',
      1,
      body,
    );
    return event(
      'checkpoint.made',
      { id: `checkpoint/${size}`, key: 'harbor' },
      { version: 1 as const, ...body, signature },
    );
  };
  const onChain = async () =>
    JSON.parse(new TextDecoder().decode(await test.chain.get('checkpoint/harbor'))) as { size: number };

  it('checkpoints: the chain has the newest, an old one redelivered changes nothing', async () => {
    const consumer = test.consumer();
    await consumer.checkpoint(checkpoint(3, 'a'));
    await consumer.checkpoint(checkpoint(5, 'b'));
    await consumer.checkpoint(checkpoint(3, 'a'));
    expect(await onChain()).toMatchObject({ size: 5 });
    expect(await test.context.inbox.listParked()).toEqual([]);
  });

  it('checkpoints: a forked log is refused by the chain and parked, visibly; a chain that is away is asked again', async () => {
    await test.consumer().checkpoint(checkpoint(5, 'a fork'));
    expect(await test.context.inbox.listParked()).toMatchObject([{ id: 'checkpoint/5', code: 'ledger.refused' }]);
    await test.clear();
    const away = bound({ submit: () => Promise.reject(problem('ledger.unavailable')) });
    await expect(test.consumer(undefined, away).checkpoint(checkpoint(8, 'c'))).rejects.toMatchObject({
      code: 'ledger.unavailable',
    });
    await test.consumer().checkpoint(checkpoint(8, 'c'));
    expect(await onChain()).toMatchObject({ size: 8 });
  });

  it('stop at once, also in the pause after a failure and when the chain was closed first', async () => {
    const closed = bound({
      submit: () => Promise.reject(problem('ledger.unavailable')),
      blocks: async function* () {
        calls += 1;
      },
    });
    let calls = 0;
    await enqueue(test.sealed(test.anchor('stop')));
    test.start(closed);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(calls).toBeLessThan(3);
    const before = performance.now();
    await test.stop();
    expect(performance.now() - before).toBeLessThan(100);
  });
});
