import { generateKeyPairSync } from 'node:crypto';
import { chaincode } from '@medshare/chaincode-region';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import { systemRandom } from '@medshare/clock';
import { openFabricLedger, type FabricAccess } from '@medshare/ledger/fabric.driver';
import { createAuthority, issueCertificate } from '@medshare/peers';
import { freePort, freshDatabase, ManualClock, type FreshDatabase } from '@medshare/testkit';
import { accessOf, serveOnNetwork, type ServedChaincode } from './fabric-chaincode.js';
import { describedStack } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');

const year = 365 * 86_400_000;

/** Every mistake is one line that names the setting, and nothing weaker is tried. */
describe('a ledger on Fabric that is reached with a mistake', () => {
  const cast = new Cast('intl', {}, Date.now());
  const name = `refusals-${Date.now().toString(36)}`;
  let served: ServedChaincode;
  let right: FabricAccess;
  let database: FreshDatabase;

  beforeAll(async () => {
    served = await serveOnNetwork(fabric, { name, region: cast.region, chaincode, bundle: 'cd'.repeat(32) });
    right = await accessOf(fabric, 'harbor', name);
    database = await freshDatabase();
  }, 120_000);
  afterAll(async () => {
    await served?.stop();
    await database?.drop();
  });

  const open = (change: Partial<FabricAccess>, more: Partial<Parameters<typeof openFabricLedger>[0]> = {}) =>
    openFabricLedger({
      institution: 'harbor',
      region: cast.region,
      privateKey: cast.keys.get('harbor')!.ledger.privateKey,
      url: database.url,
      access: { ...right, ...change },
      ...more,
    });
  const refusal = async (change: Partial<FabricAccess>, more?: Parameters<typeof open>[1]): Promise<unknown> => {
    const outcome = await open(change, more).catch((caught: unknown) => caught);
    if (outcome instanceof Error) return outcome;
    await (outcome as { close(): Promise<void> }).close();
    return 'opened';
  };
  const invalid = (where: string, detail: RegExp) =>
    expect.objectContaining({ code: 'config.invalid', where, detail: expect.stringMatching(detail) as string });

  it('is opened without one', async () => expect(await refusal({})).toBe('opened'), 60_000);

  it('with a key that is not the certificate’s, or no certificate at all', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    expect(await refusal({ key })).toEqual(invalid('fabric.key', /not the key of the certificate/));
    expect(await refusal({ cert: 'nothing' })).toEqual(invalid('fabric.cert', /no certificate/));
  });

  it('with a certificate that has expired, or is not valid yet', async () => {
    const at = (time: number) => refusal({}, { clock: new ManualClock(time) });
    expect(await at(Date.now() + 100 * year)).toEqual(invalid('fabric.cert', /expired on \d{4}-/));
    expect(await at(Date.now() - 100 * year)).toEqual(invalid('fabric.cert', /valid from \d{4}-/));
  });

  it('with a certificate of an authority that the network does not know', async () => {
    const clock = new ManualClock(Date.now());
    const authority = await createAuthority({ institution: 'harbor', validDays: 2, clock, random: systemRandom });
    const stranger = await issueCertificate(authority, { role: 'client', hosts: ['127.0.0.1'], validDays: 1 });
    const { cert, key } = stranger;
    expect(await refusal({ cert, key })).toEqual(invalid('fabric.cert', /identity of harbor \(fabric.mspId\)/));
  });

  it('with another organisation', async () => {
    expect(await refusal({ mspId: 'nowhere' })).toEqual(invalid('fabric.cert', /identity of nowhere/));
    expect(await refusal({ mspId: 'summit' })).toEqual(invalid('fabric.cert', /identity of summit/));
  });

  it('with a channel that the peer has not joined, or a chaincode that is not committed', async () => {
    expect(await refusal({ channel: 'west' })).toEqual(invalid('ledger', /has not joined channel west/));
    expect(await refusal({ chaincode: 'nothing' })).toEqual(invalid('fabric.chaincode', /nothing is not committed/));
  });

  it('with authorities that did not issue the peer’s certificate, or another name', async () => {
    const authorities = right.cert;
    expect(await refusal({ tls: { authorities } })).toEqual(invalid('fabric.tls.authorities', /none of these/));
    const tls = { ...right.tls, serverName: 'elsewhere.example' };
    expect(await refusal({ tls })).toEqual(invalid('fabric.tls.serverName', /another name/));
  });

  it('with the region of others', async () => {
    const other = new Cast('intl', { leaseMs: 4000 }, Date.now());
    expect(await refusal({}, { region: other.region })).toEqual(invalid('ledger', /another region document/));
  });

  it('starts while the peer is away, and says so', async () => {
    const troubles: string[] = [];
    const gateway = `127.0.0.1:${await freePort()}`;
    const ledger = await open({ gateway }, { onTrouble: ({ detail }) => void troubles.push(detail ?? '') });
    expect(await ledger.reachability()).toMatchObject({ reachable: false, away: ['harbor', 'lakeside', 'summit'] });
    expect(troubles[0]).toMatch(/does not answer/);
    await ledger.close();
  }, 60_000);
});
