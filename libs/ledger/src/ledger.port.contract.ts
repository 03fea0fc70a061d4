import { endOf, keys } from '@medshare/chaincode-region';
import { institutions, type Cast, type Institution } from '@medshare/chaincode-region/cast.fixture';
import type { Grant, Region, View } from '@medshare/events/chain';
import { eventually } from '@medshare/testkit';
import { checkViews } from './check-views.js';
import type { ChainFinding, CommittedBlock, Ledger } from './ledger.port.js';
import { readRequestState, requestSubject, signView } from './view.js';

/** What a driver's spec provides: the demo region's ledgers, running. */
export interface LedgerHarness {
  readonly cast: Cast;
  /** how many approve and revoke at once */
  readonly storm: number;
  ledger(institution: Institution): Ledger;
  /** Stops an institution's peer and starts it again on what it kept. */
  restart(institution: Institution): Promise<void>;
  stop(): Promise<void>;
}

const decode = <T>(bytes: Uint8Array | undefined): T | undefined =>
  bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T);

async function collect<T>(items: AsyncIterable<T>, enough = Infinity): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length >= enough) break;
  }
  return found;
}

/** The laws that every driver of the ledger port keeps. */
export function ledgerContract(name: string, begin: () => Promise<LedgerHarness>): void {
  describe(`ledger port: ${name}`, () => {
    let harness: LedgerHarness;
    let at: (institution: Institution) => Ledger;
    beforeAll(async () => {
      harness = await begin();
      at = (institution) => harness.ledger(institution);
    }, 120_000);
    afterAll(async () => harness?.stop(), 60_000);

    const anchorsOf = (...tags: string[]) => tags.map((tag) => harness.cast.anchor(tag));
    const anchor = (institution: Institution, ...tags: string[]) =>
      at(institution).submit('anchor', { institution, anchors: anchorsOf(...tags) });
    const everywhere = (height: number) =>
      eventually(async () => {
        for (const id of institutions) if ((await at(id).height()).number < height) return false;
        return true;
      });

    it('begins with the region’s document at every member', async () => {
      for (const id of institutions) {
        expect(decode<Region>(await at(id).get(keys.region))).toEqual(harness.cast.region);
      }
    });

    it('resolves after the own commit, and reaches every member', async () => {
      const { block, response, txId } = await anchor('lakeside', 'one', 'two');
      expect(response).toMatchObject({ size: 2, conflicts: [] });
      const [first] = anchorsOf('one');
      const key = keys.anchor('lakeside', first!.tag);
      expect(decode(await at('lakeside').get(key))).toEqual(first);
      expect((await at('lakeside').getMany([key, 'none'])).get(key)).toMatchObject({ key, block });
      await everywhere(block);
      for (const id of institutions) expect(decode(await at(id).get(key))).toEqual(first);
      expect(txId).toMatch(/^[\w-]+$/);
    });

    it('rejects with the problem of the chaincode, and commits nothing', async () => {
      const before = await at('harbor').height();
      const refused = at('harbor').submit('anchor', { institution: 'summit', anchors: anchorsOf('x') });
      await expect(refused).rejects.toMatchObject({ name: 'Problem', code: 'ledger.refused', where: 'institution' });
      await expect(at('harbor').submit('no-such', {})).rejects.toMatchObject({ code: 'ledger.refused' });
      expect(await at('harbor').height()).toEqual(before);
    });

    it('takes the same submission again without a change', async () => {
      await anchor('summit', 'again');
      const values = async () =>
        (await collect(at('summit').range('anchor/summit/'))).map(({ block, key }) => [key, block]);
      const before = await values();
      await anchor('summit', 'again');
      expect(await values()).toEqual(before);
    });

    it('keeps the first content of a tag and records the other', async () => {
      await anchor('harbor', 'taken');
      const other = harness.cast.anchor('taken', 'other content');
      const { response } = await at('harbor').submit('anchor', { institution: 'harbor', anchors: [other] });
      expect(response).toMatchObject({ size: 0, conflicts: [other.tag] });
      expect(decode(await at('harbor').get(keys.anchor('harbor', other.tag)))).toEqual(anchorsOf('taken')[0]);
      expect(await collect(at('harbor').range(`conflict/harbor/${other.tag}/`))).toHaveLength(1);
    });

    it('lists a prefix in bytewise order', async () => {
      await anchor('harbor', ...Array.from({ length: 30 }, (_, i) => `range-${i}`));
      const found = (await collect(at('harbor').range('anchor/harbor/'))).map(({ key }) => key);
      expect(found.length).toBeGreaterThanOrEqual(30);
      expect(found).toEqual([...found].sort());
      expect(found.every((key) => key >= 'anchor/harbor/' && key < endOf('anchor/harbor/'))).toBe(true);
    });

    it('tells committed blocks from a cursor on, waits for the next, and ends with the signal', async () => {
      const stop = new AbortController();
      const told: CommittedBlock[] = [];
      const following = (async () => {
        for await (const block of at('lakeside').blocks(0, stop.signal)) told.push(block);
      })();
      const { block, txId } = await anchor('lakeside', 'followed');
      await eventually(() => told.some(({ number }) => number === block));
      stop.abort();
      await following;
      expect(told.map(({ number }) => number)).toEqual(told.map((_, i) => i));
      const transaction = told[block]!.transactions.find((one) => one.txId === txId);
      expect(transaction).toMatchObject({ function: 'anchor', creator: 'lakeside', code: 'valid' });
      expect(transaction!.args).toMatchObject({ institution: 'lakeside' });
      expect(transaction!.events.map(({ name }) => name)).toEqual(['anchored']);
      const [resumed] = await collect(at('lakeside').blocks(block, AbortSignal.timeout(5000)), 1);
      expect(resumed).toEqual(told[block]);
    });

    /** A request whose formula twelve of twenty people fill, and what each of them would send. */
    async function storm(label: string) {
      const { cast } = harness;
      const people = Array.from({ length: 20 }, (_, i) => {
        const institution = institutions[i % 3]!;
        return { role: `r-${i}`, institution, person: cast.person(institution, `p-${i}`, [`r-${i}`]) };
      });
      const leaves = people.map(({ role, institution }) => `${role}@${institution}`);
      const asker = cast.person('summit', 'asker', ['clinician']);
      const formula = { k: 12, of: leaves.map((leaf) => ({ leaf })) };
      const request = cast.request(asker, 'harbor', formula, {}, label);
      const { block } = await at('summit').submit('request', request);
      await everywhere(block);
      const approvals = people.map(({ person }, i) => cast.approval(person, request, leaves[i]!));
      const approve = (i: number) => at(institutions[i % 3]!).submit('approve', approvals[i % 20]!);
      const revoke = (i: number) => at(institutions[i % 3]!).submit('revoke', cast.revocation(asker, request));
      return { request, leaves, block, approve, revoke };
    }

    /** What happened to a request since a block, in the chain's order. */
    async function eventsOf(requestId: string, since: number): Promise<string[]> {
      const { number } = await at('harbor').height();
      const names: string[] = [];
      for await (const one of at('harbor').blocks(since, new AbortController().signal)) {
        for (const { name, value } of one.transactions.flatMap(({ events }) => events))
          if ((value as { requestId?: string }).requestId === requestId) names.push(name);
        if (one.number >= number) break;
      }
      return names;
    }

    it('gives exactly one grant for many concurrent approvals', async () => {
      const { request, leaves, block, approve } = await storm('storm');
      const settled = await Promise.allSettled(Array.from({ length: harness.storm }, (_, i) => approve(i)));
      expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
      const events = await eventsOf(request.id, block);
      expect(events.filter((name) => name === 'granted')).toHaveLength(1);
      expect(events.filter((name) => name === 'approved')).toHaveLength(20);
      const grant = decode<Grant>(await at('harbor').get(keys.grant(request.id)));
      expect(grant).toMatchObject({ state: 'active', leaves: [...leaves].sort() });
      await checkAgreement(request.id);
    }, 120_000);

    it.each([
      ['mixed from the first on', 0],
      ['that come when the grant is near', 12],
    ])(
      'ends a request for good under concurrent approvals and revocations, %s',
      async (label, alone) => {
        const { request, block, approve, revoke } = await storm(label.replaceAll(' ', '-'));
        const sent = Array.from({ length: harness.storm }, (_, i) =>
          i >= alone && i % 2 === 1 ? 'revoke' : 'approve',
        );
        const settled = await Promise.allSettled(sent.map((what, i) => (what === 'revoke' ? revoke(i) : approve(i))));
        for (const [i, one] of settled.entries()) {
          if (one.status === 'fulfilled') continue;
          // only who came too late is refused, and told why
          expect([sent[i], one.reason]).toMatchObject(['approve', { code: 'access.revoked' }]);
        }
        const events = await eventsOf(request.id, block);
        expect(events.filter((name) => name === 'revoked')).toHaveLength(1);
        expect(events.at(-1)).toBe('revoked');
        expect(events.filter((name) => name === 'granted').length).toBeLessThanOrEqual(1);
        await everywhere((await at('harbor').height()).number);
        const states = await Promise.all(institutions.map((id) => at(id).get(keys.grant(request.id))));
        expect(decode<Grant>(states[0])).toMatchObject({ state: 'revoked' });
        for (const state of states) expect(state).toEqual(states[0]);
      },
      120_000,
    );

    /** Every member signs its own view, and the views agree. */
    async function checkAgreement(requestId: string): Promise<void> {
      const { cast } = harness;
      const nonce = 'BBBBBBBBBBBBBBBBBBBBBA';
      await eventually(async () => {
        const views: View[] = [];
        for (const institution of institutions) {
          const { state, height, blockHash } = await readRequestState(at(institution), requestId);
          const content = {
            region: 'east',
            subject: requestSubject(requestId),
            state,
            height,
            blockHash,
            nonce,
            institution,
          };
          const key = cast.keys.get(institution)!.ledger.privateKey;
          views.push(
            signView(cast.region, key, { version: 1, kind: at(institution).kind, time: cast.now, ...content }),
          );
        }
        const agreed = checkViews(cast.region, views, { now: cast.now, nonce, quorum: 3 });
        return agreed.state.grant?.state === 'active';
      });
    }

    it.each(institutions)('goes on after a restart of %s', async (institution) => {
      const { block } = await anchor(institution, `before-${institution}`);
      const before = await at(institution).height();
      await harness.restart(institution);
      expect((await at(institution).height()).number).toBeGreaterThanOrEqual(before.number);
      await anchor(institution, `after-${institution}`);
      for (const when of ['before', 'after']) {
        const { tag } = anchorsOf(`${when}-${institution}`)[0]!;
        expect(await at(institution).get(keys.anchor(institution, tag))).toBeDefined();
      }
      await everywhere(block);
    });

    it('verifies its own blocks and state, and finds nothing', async () => {
      for (const id of institutions) expect(await collect<ChainFinding>(at(id).verify())).toEqual([]);
    });
  });
}
