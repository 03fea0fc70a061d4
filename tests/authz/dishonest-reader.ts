import { documentHash, canonical, openCapsules, sealCapsule, toBase64url } from '@medshare/crypto';
import type { Request } from '@medshare/events';
import { refusals, until, type Demo } from '../harness/demo.js';
import type { Asked, HandReader } from '../harness/hand-reader.js';

/** What the suite plays on; filled before the first test. */
export interface Stage {
  demo: Demo;
  reader: HandReader;
  summit: HandReader;
  /** Granted for some seconds only; asked for first, so that it has expired when it is looked at. */
  brief: { asked: Asked; request: Request };
  /** One client a person: a second certificate would be another key. */
  as(username: string, institution: string): ReturnType<Demo['as']>;
  wish(dataClass: string): Parameters<HandReader['ask']>[0];
  /** What a service can sign when it wants to. */
  serviceApproval(reader: HandReader, request: Request): Promise<object>;
}

const sensitive = 'sensitive:hiv';

/** A reader with a grant that asks for more than was granted. */
export function refusesDishonestReader(stage: Stage): void {
  describe('a dishonest institution with a grant', () => {
    let asked: Asked;
    let request: Request;
    const leaf = 'custodian@summit';
    const good = async () => stage.reader.body(asked, request, leaf, await stage.reader.views(request.id));
    const refused = async (holder: string, promise: Promise<unknown>, code: string, id = request.id) => {
      await expect(promise).rejects.toMatchObject({ code });
      expect((await refusals(stage.demo, holder, 'fragments.refused', `request|${id}`))[0]).toBe(code);
    };

    beforeAll(async () => {
      asked = await stage.reader.ask(stage.wish('ordinary'));
      request = await stage.reader.requested(asked);
      await stage.reader.granted(request.id, ['custodian@harbor', 'custodian@lakeside', 'custodian@summit']);
    }, 60_000);

    it('opens what was granted, by the way that all refusals below take', async () => {
      const views = await stage.reader.views(request.id);
      const fragments = await Promise.all(
        ['custodian@harbor', leaf].map(async (one) =>
          stage.reader.unbox(asked, request, await stage.reader.release(stage.reader.body(asked, request, one, views))),
        ),
      );
      const bare = stage.reader.capsules(asked).map(({ section }) => section.capsule!);
      const keys = openCapsules(stage.reader.suite, stage.reader.proposal(asked).deal, bare, fragments);
      expect(keys.map((key) => key.length)).toEqual(bare.map(() => 32));
      expect(() =>
        openCapsules(stage.reader.suite, stage.reader.proposal(asked).deal, bare, fragments.slice(1)),
      ).toThrow('not met');
    }, 60_000);

    it('fragments are for the reader, grant and purpose they were asked for', async () => {
      const released = await stage.reader.release(await good());
      const stranger = stage.reader.suite.generateKeyPair().privateKey;
      expect(() => stage.reader.unbox(asked, request, released, { readerKey: stranger })).toThrow(
        'the box does not open',
      );
      expect(() => stage.reader.unbox(asked, request, released, { purpose: 'ETREAT' })).toThrow(
        'the box does not open',
      );
      expect(() => stage.reader.unbox(asked, { ...request, id: stage.brief.request.id }, released)).toThrow(
        'the box does not open',
      );
    }, 60_000);

    it('another institution gets nothing for it', async () => {
      await refused(
        'harbor',
        stage.summit.release({ ...(await good()), leaf: 'custodian@harbor' }),
        'access.out-of-scope',
      );
    }, 60_000);

    it('another leaf, deal or salt is out of scope', async () => {
      await refused('summit', stage.reader.release({ ...(await good()), leaf: 'ed@summit' }), 'access.incomplete');
      await refused('harbor', stage.reader.release(await good(), 'harbor'), 'access.out-of-scope');
      const hidden = asked.proposals.find((one) => one.class === sensitive)!;
      await refused(
        'summit',
        stage.reader.release({ ...(await good()), dealId: hidden.deal.id }),
        'access.out-of-scope',
      );
      await refused('summit', stage.reader.release({ ...(await good()), salt: hidden.salt }), 'access.out-of-scope');
    }, 60_000);

    it('views of too few members, of one member twice, altered or of another request count for nothing', async () => {
      const body = await good();
      const [first, second, third] = body.views;
      await refused('summit', stage.reader.release({ ...body, views: [first!] }), 'view.invalid');
      await refused('summit', stage.reader.release({ ...body, views: [first!, first!] }), 'view.invalid');
      const altered = {
        ...second!,
        state: { ...second!.state, grant: { ...second!.state.grant!, leaves: [leaf, 'ed@summit'] } },
      };
      await refused('summit', stage.reader.release({ ...body, views: [first!, altered, third!] }), 'view.invalid');
      const again = (await stage.reader.views(request.id, ['harbor']))[0]!;
      await refused('summit', stage.reader.release({ ...body, views: [first!, again] }), 'view.invalid');
      await refused(
        'summit',
        stage.reader.release({ ...body, views: await stage.reader.views(stage.brief.request.id) }),
        'view.invalid',
      );
    }, 60_000);

    it('a capsule without its proof, of another deal, or not anchored gets no fragment', async () => {
      const body = await good();
      const [one] = body.capsules;
      const { capsule } = one!.section;
      const withCapsule = (changed: object) => [
        { ...one!, section: { ...one!.section, capsule: { ...capsule!, ...changed } } },
      ];
      const forged = sealCapsule(stage.reader.suite, stage.reader.proposal(asked).deal, one!.section.section).capsule;
      await refused(
        'summit',
        stage.reader.release({
          ...body,
          capsules: withCapsule({ z: toBase64url(stage.reader.suite.randomBytes(32)) }),
        }),
        'vault.capsule',
      );
      await refused('summit', stage.reader.release({ ...body, capsules: withCapsule(forged) }), 'vault.capsule');
      const hidden = asked.proposals.find((proposal) => proposal.class === sensitive)!;
      await refused(
        'summit',
        stage.reader.release({ ...body, capsules: stage.reader.capsules(asked, hidden.deal.id) }),
        'vault.capsule',
      );
      const moved = stage.reader.capsules(asked, hidden.deal.id)[0]!.section.capsule!;
      await refused(
        'summit',
        stage.reader.release({ ...body, capsules: withCapsule({ ...moved, deal: capsule!.deal }) }),
        'vault.capsule',
      );
      await refused(
        'summit',
        stage.reader.release({ ...body, capsules: [{ ...one!, institution: 'lakeside' }] }),
        'vault.capsule',
      );
      await refused('summit', stage.reader.release({ ...body, capsules: [one!, one!] }), 'vault.capsule');
      // a tree of its own around its own capsule: everything proves, but nobody anchored it
      const section = { ...one!.section, capsule: forged };
      const root = documentRoot(stage.reader, section);
      const loose = { ...one!, section, index: 0, size: 1, proof: [], anchor: { ...one!.anchor, sealRoot: root } };
      await refused('summit', stage.reader.release({ ...body, capsules: [loose] }), 'vault.capsule');
    }, 60_000);

    it('a grant that has expired releases nothing more', async () => {
      const { asked: short, request: over } = stage.brief;
      await until('it has expired', async () => over.expiresAt < Date.now(), 20_000);
      const views = await stage.reader.views(over.id);
      expect(views[0]!.state.grant).toMatchObject({ state: 'active' });
      await refused(
        'summit',
        stage.reader.release(stage.reader.body(short, over, leaf, views)),
        'access.expired',
        over.id,
      );
      await expect(stage.reader.submit('request', stage.reader.request(short, { issuedAt: 1 }))).rejects.toMatchObject({
        code: 'ledger.refused',
      });
    }, 60_000);

    it('views from before a revocation are refused at once, and as stale after the lease', async () => {
      const before = await good();
      expect((await stage.reader.release(before)).leaf).toBe(leaf);
      const requestHash = documentHash(stage.reader.suite, 'request', 1, request);
      const content = { requestId: request.id, requestHash, reason: 'misuse' as const };
      const officer = stage.as('officer.li', 'harbor');
      await officer.revoke(content);
      await refused('summit', stage.reader.release(before), 'access.revoked');
      await refused('summit', stage.reader.release(await good()), 'access.revoked');
      await new Promise((resolve) => setTimeout(resolve, stage.reader.region.leaseMs));
      await refused('summit', stage.reader.release(before), 'view.stale');
      const views = await stage.reader.views(request.id);
      expect(views.map(({ state }) => state.grant?.state)).toEqual(['revoked', 'revoked', 'revoked']);
    }, 60_000);
  });
}

/** The root of a tree whose only leaf is this section. */
const documentRoot = ({ suite }: HandReader, section: object): string =>
  toBase64url(suite.hash(new Uint8Array([0]), Buffer.from(canonical(section))));
