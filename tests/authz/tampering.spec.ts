import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { documentHash, openCapsules, signDocument, toBase64url, type Deal } from '@medshare/crypto';
import type { EmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';
import { releaseFragments, signRequestView, type PeerRoute, type Request } from '@medshare/events';
import { CollectFragments } from '@medshare/reader-service/collect-fragments';
import { CollectViews } from '@medshare/reader-service/collect-views';
import type { Granted } from '@medshare/reader-service/prove-grant';
import { systemClock, systemRandom } from '@medshare/clock';
import type { RoleContext } from '@medshare/role';
import { audited, refusals, startDemo, until, type Demo } from '../harness/demo.js';
import { rowsOf, serverOf } from '../harness/disk.js';
import { HandReader, secretOf, type Asked, type Released } from '../harness/hand-reader.js';
import { admission, identifierOf, patient, sodium } from '../harness/messages.js';

const mei = patient(41);
const about = { identifier: identifierOf(mei), purpose: 'TREAT', relation: 'treating' as const, days: 7 };

describe('what was tampered with is named', () => {
  let demo: Demo;
  let server: EmbeddedPostgres;
  let reader: HandReader;
  let asked: Asked;
  let request: Request;

  beforeAll(async () => {
    demo = await startDemo();
    await demo.send('harbor', admission(mei), sodium(mei), sodium(mei, '142'));
    await until('anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 3, 60_000);
    [server, reader] = await Promise.all([serverOf(demo.data), HandReader.of(demo, 'dr.chen', 'lakeside')]);
    asked = await until('shareable', async () => {
      const one = await reader.ask({ identifier: identifierOf(mei), owner: 'harbor', class: 'ordinary' });
      return one.proposals.length > 0 && one;
    });
    request = await reader.requested(asked);
    await reader.granted(request.id, ['custodian@harbor', 'custodian@lakeside', 'custodian@summit']);
  }, 150_000);

  afterAll(async () => {
    await reader?.close();
    await demo?.stop();
    await demo?.remove();
  }, 60_000);

  /** Flips a bit of every block of a blob for as long as the work lasts. */
  const flipped = async <T>(institution: string, cid: string, work: () => Promise<T>): Promise<T> => {
    const folder = join(demo.data, institution, 'blobs', cid.slice(-2), cid);
    const paths = (await readdir(folder)).map((name) => join(folder, name));
    const kept = await Promise.all(paths.map((path) => readFile(path)));
    const write = (change: number) =>
      Promise.all(paths.map((path, n) => writeFile(path, Buffer.from(kept[n]!).fill(kept[n]![9]! ^ change, 9, 10))));
    await write(1);
    return work().finally(() => write(0));
  };

  it('a blob: the section, and nothing else', async () => {
    const doctor = demo.as('dr.chen', 'lakeside');
    const { askId, requests } = await doctor.ask(about);
    await until('granted', async () => (await doctor.asked(askId)).requests.every(({ state }) => state === 'granted'));
    const [one] = asked.records.flatMap(({ manifest }) => manifest.sections.filter(({ capsule }) => capsule));
    const { opened, refused } = await flipped('harbor', one!.cid, () => doctor.open(askId));
    expect(refused).toEqual([expect.objectContaining({ section: one!.section, problem: 'blob.tampered' })]);
    expect(opened).toHaveLength(2);
    const codes = await refusals(demo, 'lakeside', 'section.refused', `section|${one!.section}`);
    expect(codes).toEqual(['blob.tampered']);
    expect((await doctor.open(askId)).opened).toHaveLength(3);
    expect(requests.map(({ owner }) => owner)).toEqual(['harbor']);
  }, 60_000);

  it('a manifest: its tag', async () => {
    const { anchor } = asked.records[1]!;
    const answer = await flipped('lakeside', anchor.manifest, () => demo.as('dr.chen', 'lakeside').ask(about));
    expect(answer.damaged).toEqual([{ institution: 'harbor', tag: anchor.tag, problem: 'blob.tampered' }]);
    expect(answer.found).toEqual([{ institution: 'harbor', records: 2 }]);
  }, 60_000);

  it('an anchor: its tag, to the searcher; a custodian gives nothing for it', async () => {
    const { anchor } = asked.records[0]!;
    const key = `anchor/harbor/${anchor.tag}`;
    const altered = async (institution: string, value: string, work: () => Promise<void>) => {
      const set = 'UPDATE chain.state SET value = $2 WHERE key = $1';
      const [row] = await rowsOf<{ value: Buffer }>(
        server,
        institution,
        'SELECT value FROM chain.state WHERE key = $1',
        [key],
      );
      await rowsOf(server, institution, set, [key, Buffer.from(value)]);
      await work().finally(() => rowsOf(server, institution, set, [key, row!.value]));
    };
    const other = JSON.stringify({ ...anchor, sealRoot: asked.records[1]!.anchor.sealRoot });
    for (const [value, problem] of [
      [other, 'vault.tampered'],
      ['{"version":9}', 'ledger.tampered'],
    ] as const)
      await altered('lakeside', value, async () => {
        const { damaged } = await demo.as('dr.chen', 'lakeside').ask(about);
        expect(damaged).toEqual([{ institution: 'harbor', tag: anchor.tag, problem }]);
      });
    await altered('summit', other, async () => {
      const body = reader.body(asked, request, 'custodian@summit', await reader.views(request.id));
      await expect(reader.release(body)).rejects.toMatchObject({ code: 'vault.capsule' });
    });
    expect(await refusals(demo, 'summit', 'fragments.refused', `request|${request.id}`)).toEqual(['vault.capsule']);
  }, 60_000);

  describe('by a dishonest peer, in front of the reader’s own code', () => {
    type Alter = (institution: string, answer: never) => Promise<unknown> | undefined;
    const warned: { leaf?: string; member?: string; code: string }[] = [];
    /** The reader's view of the world, with one route's answers altered on their way. */
    const contextWith = (route: { name: string }, alter: Alter) =>
      ({
        region: reader.region,
        institution: 'lakeside',
        clock: systemClock,
        random: systemRandom,
        logger: { warn: (fields: (typeof warned)[number]) => void warned.push(fields) },
        peers: {
          call: async <Q, S>(called: PeerRoute<Q, S>, institution: string, body: Q): Promise<S> => {
            const answer = await reader.peers.call(called, institution, body);
            return called.name === route.name
              ? (((await alter(institution, answer as never)) as S | undefined) ?? answer)
              : answer;
          },
        },
      }) as unknown as RoleContext;
    const granted = async ({ peers }: RoleContext): Promise<Granted> => {
      const views = await reader.views(request.id);
      const { deal, salt } = reader.proposal(asked);
      return {
        request,
        leaves: views[0]!.state.grant!.leaves,
        deal: deal as Deal,
        salt,
        readerKey: asked.readerKey,
        ask: (institution, leaf, capsules) =>
          peers.call(releaseFragments, institution, {
            requestId: request.id,
            leaf,
            dealId: deal.id,
            salt,
            views,
            capsules,
          }),
      };
    };
    beforeEach(() => warned.splice(0));

    const flip = (text: string): string => {
      const bytes = Buffer.from(text, 'base64url');
      bytes[bytes.length >> 1]! ^= 1;
      return toBase64url(bytes);
    };
    /** A custodian that signs what it made up. */
    const lying = async (institution: string, answer: Released): Promise<Released> => {
      const made = JSON.parse(Buffer.from(answer.boxed, 'base64url').toString()) as { box: string };
      const boxed = toBase64url(Buffer.from(JSON.stringify({ ...made, box: flip(made.box) })));
      const content = {
        requestId: request.id,
        leaf: answer.leaf,
        boxed: documentHash(reader.suite, 'boxed', 1, boxed),
      };
      const key = await secretOf(demo.data, institution, 'vault');
      return { ...answer, boxed, signature: signDocument(reader.suite, key, 'fragments', 1, content) };
    };
    const ways = [
      ['on its way', async (_: string, answer: Released) => ({ ...answer, boxed: flip(answer.boxed) })],
      ['by its maker', lying],
    ] as const;

    it.each(ways)(
      'a fragment, altered %s: its leaf; another set of leaves opens',
      async (_, alter) => {
        const from =
          (...wrong: string[]): Alter =>
          (id, answer) =>
            wrong.includes(id) ? alter(id, answer as Released) : undefined;
        const onePeer = contextWith(releaseFragments, from('harbor', 'nobody'));
        const one = new CollectFragments(onePeer);
        const capsules = reader.capsules(asked);
        const fragments = await one.collect(await granted(onePeer), capsules);
        const keys = openCapsules(
          reader.suite,
          reader.proposal(asked).deal,
          capsules.map(({ section }) => section.capsule!),
          fragments,
        );
        expect(keys).toHaveLength(3);
        expect(warned).toMatchObject([{ leaf: 'custodian@harbor', code: 'vault.fragment' }]);
        const twoPeers = contextWith(releaseFragments, from('harbor', 'summit'));
        const failed = new CollectFragments(twoPeers).collect(await granted(twoPeers), capsules);
        await expect(failed).rejects.toMatchObject({
          code: 'vault.fragment',
          where: expect.stringMatching(/custodian@(harbor|summit)/),
        });
      },
      60_000,
    );

    it('a view: its member; a quorum of the others is heard', async () => {
      const revoked =
        (...wrong: string[]): Alter =>
        (id, answer) => {
          const { view } = answer as { view: { state: object } };
          return wrong.includes(id)
            ? Promise.resolve({ view: { ...view, state: { ...view.state, grant: null } } })
            : undefined;
        };
      const { views, state } = await new CollectViews(contextWith(signRequestView, revoked('harbor'))).collect(
        request.id,
      );
      expect([views.map(({ institution }) => institution), state.grant?.state]).toEqual([
        ['lakeside', 'summit'],
        'active',
      ]);
      expect(warned).toMatchObject([{ member: 'harbor', code: 'view.invalid' }]);
      const two = new CollectViews(contextWith(signRequestView, revoked('harbor', 'summit')));
      await expect(two.collect(request.id)).rejects.toMatchObject({ code: 'view.invalid', where: 'harbor' });
    }, 60_000);
  });
});
