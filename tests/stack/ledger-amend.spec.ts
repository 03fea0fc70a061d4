import { chaincode, keys, type Json } from '@medshare/chaincode-region';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import { suite, toBase64url } from '@medshare/crypto';
import type { Member, Region } from '@medshare/events/chain';
import type { Ledger } from '@medshare/ledger';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { accessOf, serveOnNetwork, type ServedChaincode } from './fabric-chaincode.js';
import { describedStack } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');

describe('a region’s document that is amended on the channel', () => {
  const cast = new Cast('intl', {}, Date.now());
  const name = `amended-${Date.now().toString(36)}`;
  const pair = suite('intl').generateKeyPair();
  const own = toBase64url(pair.publicKey);
  const pier: Member = {
    ...{ id: 'pier', name: 'Pier Hospital' },
    keys: { ledger: own, vault: own, access: own, reader: own, audit: own },
  };
  const next: Region = { ...cast.region, members: [...cast.region.members, pier], endorsements: 3 };
  const databases: FreshDatabase[] = [];
  const opened: Ledger[] = [];
  let served: ServedChaincode;
  let ledger: Ledger;

  const open = async (region: Region, on?: FreshDatabase): Promise<Ledger> => {
    const database = on ?? (await freshDatabase());
    if (!on) databases.push(database);
    const made = await openFabricLedger({
      ...{ institution: 'harbor', region, url: database.url },
      privateKey: cast.keys.get('harbor')!.ledger.privateKey,
      access: await accessOf(fabric, 'harbor', name),
    });
    opened.push(made);
    return made;
  };
  const anchored = async (on: Ledger, n: number) => {
    const args = { institution: 'harbor', anchors: [cast.anchor(`amended/${n}`)] };
    expect((await on.submit('anchor', args as unknown as Json)).response).toMatchObject({ size: 1 });
  };
  const findings = async (on: Ledger) => {
    const found: unknown[] = [];
    for await (const one of on.verify()) found.push(one);
    return found;
  };
  const signed = (by: readonly string[]) => ({
    region: next,
    signatures: by.map((institution) => {
      const { privateKey } = institution === 'pier' ? pair : cast.keys.get(institution)!.ledger;
      const said = { replaces: cast.hashOf('region', cast.region), region: next };
      return { institution, signature: cast.sign(privateKey, 'amendment', said) };
    }),
  });

  beforeAll(async () => {
    served = await serveOnNetwork(fabric, { name, region: cast.region, chaincode, bundle: 'aa'.repeat(32) });
    ledger = await open(cast.region);
    await anchored(ledger, 0);
  }, 180_000);
  afterAll(async () => {
    for (const one of opened) await one.close();
    await served?.stop();
    for (const database of databases) await database.drop();
  }, 60_000);

  it('is refused while a member has not signed, and taken when all have; who runs under the former goes on', async () => {
    const amend = (by: readonly string[]) => ledger.submit('amend', signed(by) as unknown as Json);
    await expect(amend(['harbor', 'lakeside', 'summit'])).rejects.toMatchObject({
      code: 'ledger.refused',
      where: 'pier',
    });
    await amend(['harbor', 'lakeside', 'summit', 'pier']);
    expect(JSON.parse(Buffer.from((await ledger.get(keys.region))!).toString())).toEqual(next);
    await anchored(ledger, 1);
  }, 60_000);

  it('is what an institution must start with from then on, also one whose copy begins at the first block', async () => {
    const [database] = databases as [FreshDatabase];
    await expect(open(cast.region, database)).rejects.toMatchObject({
      code: 'config.invalid',
      detail: expect.stringContaining('the channel holds another region document'),
    });
    const again = await open(next, database);
    await anchored(again, 2);
    const fresh = await open(next);
    await anchored(fresh, 3);
    expect(await findings(fresh)).toEqual([]);
    expect(await findings(again)).toEqual([]);
  }, 120_000);

  it('is found by verification where the one that was given is another', async () => {
    expect(await findings(ledger)).toEqual([
      { kind: 'state', id: 'region', detail: 'the region’s document is another than the one we were given' },
    ]);
  }, 60_000);
});
