import { toBase64url } from '@medshare/crypto';
import type { Amendment, Member, Region } from '@medshare/events/chain';
import { Cast, institutions, start } from './cast.fixture.js';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';

const cast = new Cast();
const pair = cast.suite.generateKeyPair();
const own = toBase64url(pair.publicKey);
const pier: Member = {
  ...{ id: 'pier', name: 'Pier Hospital' },
  keys: { ledger: own, vault: own, access: own, reader: own, audit: own },
};
const { region } = cast;
const grown: Region = { ...region, members: [...region.members, pier], endorsements: 3 };

describe('an amendment of the region’s document', () => {
  let host: MemoryHost;
  beforeEach(async () => {
    host = new MemoryHost();
    await host.run('harbor', 'init', region, 0);
  });

  const keyOf = (id: string) => (id === 'pier' ? pair : cast.keys.get(id)!.ledger).privateKey;
  const signed = (next: Region, { replaces = region, by = next.members.map(({ id }) => id) } = {}): Amendment => ({
    region: next,
    signatures: by.map((institution) => ({
      institution,
      signature: cast.sign(keyOf(institution), 'amendment', {
        replaces: cast.hashOf('region', replaces),
        region: next,
      }),
    })),
  });
  const amend = (args: Amendment, creator = 'harbor') => host.run(creator, 'amend', args, start);
  const stays = async (args: Amendment, code: string, where?: string) => {
    const expected = { code, ...(where !== undefined && { where }) };
    await expect(amend(args)).rejects.toMatchObject(expected);
    expect(host.read(keys.region)).toEqual(region);
  };

  it('that everybody signed takes another member in, and rules that they agree on; the same again changes nothing', async () => {
    expect(await amend(signed(grown))).toEqual({ members: 4 });
    expect(host.read(keys.region)).toEqual(grown);
    expect(await amend(signed(grown))).toEqual({ members: 4 });
    expect(host.written.size).toBe(0);
    // from now on it is a member like any other
    const consent = { version: 1, institution: 'pier', commitment: cast.digest('c') };
    await host.run('pier', 'consent', consent, start);
  });

  it.each([...institutions, 'pier'])(
    'is refused without the signature of %s, and with another’s in its place',
    async (id) => {
      const args = signed(grown);
      const without = args.signatures.filter(({ institution }) => institution !== id);
      await stays({ ...args, signatures: without }, 'ledger.refused', id);
      const other = args.signatures.find(({ institution }) => institution !== id)!;
      await stays({ ...args, signatures: [...without, { ...other, institution: id }] }, 'access.forged', id);
    },
  );

  it('is refused for what was signed over another document than the present one', async () => {
    const between = { ...region, leaseMs: 6000 };
    await stays(signed(grown, { replaces: between }), 'access.forged', 'harbor');
    // also one that counted before: rules do not come back by themselves
    await amend(signed(between));
    await amend(signed(region, { replaces: between }));
    await expect(amend(signed(between, { replaces: grown }))).rejects.toMatchObject({ code: 'access.forged' });
    expect(host.read(keys.region)).toEqual(region);
  });

  const [first, second, third] = region.members as [Member, Member, Member];
  it.each<[string, string, Partial<Region>]>([
    ['a member is left out', 'summit', { members: [first, second] }],
    ['a member has other keys', 'lakeside', { members: [first, { ...second, keys: third.keys }, third] }],
    ['members change places', 'harbor', { members: [second, first, third] }],
    ['the region is called otherwise', 'region', { region: 'west' }],
    ['the index key is another', 'oprf', { oprf: { ...region.oprf, threshold: 1 } }],
    ['more must endorse than there are', 'endorsements', { endorsements: 4 }],
    ['two members have one organisation', 'members', { members: [...region.members, { ...pier, mspId: 'harbor' }] }],
  ])('is refused when %s', async (_, where, change) => {
    await stays(signed({ ...region, ...change }), 'ledger.refused', where);
  });

  it('is refused on a chain without genesis', async () => {
    host = new MemoryHost();
    await expect(amend(signed(grown))).rejects.toMatchObject({ code: 'ledger.refused' });
  });
});
