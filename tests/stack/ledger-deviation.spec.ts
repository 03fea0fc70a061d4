import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chaincode, type Chaincode } from '@medshare/chaincode-region';
import { Cast, type Institution } from '@medshare/chaincode-region/cast.fixture';
import type { Ledger } from '@medshare/ledger';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { policyOf } from '@medshare/ledger/fabric-lifecycle.driver';
import { eventually, freshDatabase, lineOf, ManualClock, spawnScript, type FreshDatabase } from '@medshare/testkit';
import { accessOf, administrate, serveOnNetwork, type ServedChaincode } from './fabric-chaincode.js';
import { describedStack } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');

/** Code that comes to another answer. */
const other = (size: number): Chaincode => ({
  ...chaincode,
  functions: {
    ...chaincode.functions,
    anchor: async (context, args) => ({ ...((await chaincode.functions['anchor']!(context, args)) as object), size }),
  },
});

describe('organisations on Fabric that do otherwise', () => {
  const cast = new Cast('intl', {}, Date.now());
  const name = `deviation-${Date.now().toString(36)}`;
  const findings: { institution: string; code: string }[] = [];
  let served: ServedChaincode;
  let database: FreshDatabase;
  let ledger: Ledger;
  let count = 0;

  beforeAll(async () => {
    served = await serveOnNetwork(fabric, { name, region: cast.region, chaincode, bundle: 'ba'.repeat(32) });
    database = await freshDatabase();
    ledger = await openFabricLedger({
      institution: 'harbor',
      region: cast.region,
      privateKey: cast.keys.get('harbor')!.ledger.privateKey,
      url: database.url,
      access: await accessOf(fabric, 'harbor', name),
      settings: { lagRetries: 5 },
      onFinding: ({ institution, code }) => void findings.push({ institution, code }),
    });
  }, 120_000);
  afterEach(async () => {
    for (const organisation of ['harbor', 'lakeside', 'summit'] as const) await served.serve(organisation);
    await eventually(async () => (await ledger.reachability()).away.length === 0, { timeout: 60_000 });
    findings.length = 0;
  }, 90_000);
  afterAll(async () => {
    await ledger?.close();
    await served?.stop();
    await database?.drop();
  });

  const anchor = () =>
    ledger.submit('anchor', { institution: 'harbor', anchors: [cast.anchor(`deviation/${count++}`)] });
  /** A peer connects to a server that is there again when it is asked. */
  const back = (...institutions: Institution[]) =>
    eventually(async () => !(await ledger.reachability()).away.some((id) => institutions.includes(id as Institution)), {
      timeout: 60_000,
    });
  const named = (institution: Institution, code: string) =>
    eventually(() => findings.some((one) => one.institution === institution && one.code === code), { timeout: 20_000 });

  it('with another result: one is named and stops nothing; without a quorum the transaction is refused and they are named', async () => {
    await served.serve('summit', { chaincode: other(7) });
    await back('summit');
    expect(await anchor()).toMatchObject({ response: { size: 1 } });
    await named('summit', 'ledger.endorsement-mismatch');
    await served.serve('lakeside', { chaincode: other(8) });
    await back('lakeside');
    await expect(anchor()).rejects.toMatchObject({ code: 'ledger.endorsement-mismatch' });
  }, 120_000);

  it('that run another bundle are named, and stop nothing', async () => {
    await served.serve('summit', { bundle: 'cc'.repeat(32) });
    await back('summit');
    await ledger.reachability();
    await named('summit', 'ledger.chaincode-mismatch');
    await anchor();
    expect(findings.filter(({ code }) => code === 'ledger.chaincode-mismatch')).toHaveLength(1);
  }, 120_000);

  it('is refused to a client whose own clock is back-dated, by name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'medshare-back-dated-'));
    const own = await freshDatabase();
    try {
      const order = { url: own.url, now: cast.now, access: await accessOf(fabric, 'harbor', name) };
      await writeFile(join(folder, 'order.json'), JSON.stringify(order), { mode: 0o600 });
      const client = spawnScript(new URL('./back-dated.fixture.ts', import.meta.url), {
        args: [join(folder, 'order.json'), String(-2 * cast.region.clockSkewMs)],
      });
      expect(await lineOf(client, /^outcome /)).toBe('outcome ledger.clock');
    } finally {
      await own.drop();
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);

  it('whose clocks are off: one is named and stops nothing; a client that most find back-dated is refused', async () => {
    const clock = new ManualClock(Date.now() + 2 * cast.region.clockSkewMs + 600_000);
    await served.serve('summit', { clock });
    await back('summit');
    await anchor();
    await named('summit', 'ledger.clock');
    await served.serve('lakeside', { clock });
    await back('lakeside');
    await expect(anchor()).rejects.toMatchObject({ code: 'ledger.clock' });
  }, 120_000);

  it('that have not approved the definition in effect are named, and the others go on', async () => {
    const definition = { name, version: 'next', sequence: 2, policy: policyOf(cast.region) };
    for (const organisation of ['harbor', 'lakeside'] as const)
      await administrate(fabric, organisation, name, (lifecycle) =>
        lifecycle.approve(definition, served.packageId(organisation)),
      );
    await administrate(fabric, 'harbor', name, (lifecycle) => lifecycle.commit(definition, ['harbor', 'lakeside']));
    // a peer endorses under the old definition until it has the block of the new one
    await eventually(
      async () => {
        await anchor();
        return findings.some(
          ({ institution, code }) => institution === 'summit' && code === 'ledger.chaincode-mismatch',
        );
      },
      { timeout: 60_000 },
    );
    const next = await administrate(fabric, 'harbor', name, (lifecycle) => lifecycle.sequenceToApprove(definition));
    expect(next).toBe(3);
    await administrate(fabric, 'summit', name, async (lifecycle) => {
      const sequence = await lifecycle.sequenceToApprove(definition);
      expect(sequence).toBe(2);
      await lifecycle.approve({ ...definition, sequence }, served.packageId('summit'));
    });
    await eventually(async () => (await ledger.reachability()).away.length === 0, { timeout: 60_000 });
  }, 180_000);
});
