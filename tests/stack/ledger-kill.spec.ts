import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chaincode, keys } from '@medshare/chaincode-region';
import { Cast, institutions, type Institution } from '@medshare/chaincode-region/cast.fixture';
import type { ChainFinding, Ledger } from '@medshare/ledger';
import { freshDatabases } from '@medshare/ledger/embedded-network.fixture';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { isProblem } from '@medshare/problems';
import { eventually, lineOf, spawnScript } from '@medshare/testkit';
import { accessOf, serveOnNetwork, type ServedChaincode } from './fabric-chaincode.js';
import { startFabric, type FabricNetwork } from './fabric-network.js';

const now = Date.now();
const cast = new Cast('intl', {}, now);
const name = 'kills';

/** A sample of what is killed under a sender that counts what it was told is committed: the network, its chaincode servers, the client. */
describe('a ledger on Fabric, parts of which are killed', () => {
  let network: FabricNetwork;
  let served: ServedChaincode;
  let databases: Awaited<ReturnType<typeof freshDatabases>>;
  const ledgers = new Map<Institution, Ledger>();

  beforeAll(async () => {
    network = await startFabric();
    served = await serveOnNetwork(network.description, {
      name,
      region: cast.region,
      chaincode,
      bundle: 'ef'.repeat(32),
    });
    databases = await freshDatabases();
    for (const institution of institutions) await open(institution);
  }, 600_000);
  afterAll(async () => {
    for (const ledger of ledgers.values()) await ledger.close();
    await served?.stop();
    await databases?.drop();
    await network?.stop();
  }, 120_000);

  async function open(institution: Institution): Promise<void> {
    const { privateKey } = cast.keys.get(institution)!.ledger;
    const access = await accessOf(network.description, institution, name);
    const url = databases.urls[institution];
    ledgers.set(institution, await openFabricLedger({ institution, region: cast.region, privateKey, url, access }));
  }

  const stored = async (institution: Institution, tag: string) => {
    const key = keys.anchor('harbor', cast.anchor(tag).tag);
    return (await ledgers.get(institution)!.getMany([key])).get(key);
  };

  /** As the ledger role does: the oldest goes on being submitted until it is told committed. @returns what was told, in order */
  async function sendDuring(label: string, work: () => Promise<void>): Promise<string[]> {
    const told: string[] = [];
    const stop = new AbortController();
    const sending = (async () => {
      for (let n = 0; !stop.signal.aborted;) {
        const tag = `${label}/${n}`;
        try {
          await ledgers.get('harbor')!.submit('anchor', { institution: 'harbor', anchors: [cast.anchor(tag)] });
          told.push(tag);
          n += 1;
        } catch (caught) {
          if (!isProblem(caught)) throw caught;
          await sleep(200);
        }
      }
    })();
    await eventually(() => told.length >= 2, { timeout: 120_000 });
    await work();
    const before = told.length;
    await eventually(() => told.length >= before + 2, { timeout: 120_000 });
    stop.abort();
    await sending;
    return told;
  }

  /** Nothing told is lost anywhere, nothing stands twice, in the order in which it was sent, and every copy verifies. */
  async function check(told: readonly string[]): Promise<void> {
    for (const institution of institutions) {
      await eventually(async () => (await stored(institution, told.at(-1)!)) !== undefined, { timeout: 120_000 });
      const blocks: number[] = [];
      for (const tag of told) blocks.push((await stored(institution, tag))!.block);
      expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
      const found: ChainFinding[] = [];
      for await (const one of ledgers.get(institution)!.verify()) found.push(one);
      expect(found).toEqual([]);
    }
  }

  it('the orderer that leads', async () => {
    const told = await sendDuring('leader', async () => {
      const leader = await eventually(async () => (await network.leader()) ?? false, { timeout: 60_000 });
      await network.kill(`fabric-orderer-${leader}`);
      await sleep(2000);
      await network.start(`fabric-orderer-${leader}`);
    });
    await check(told);
  }, 400_000);

  it('most orderers: that the chain takes nothing is seen, and what was signed meanwhile is committed once they are back', async () => {
    const names = ['fabric-orderer-harbor', 'fabric-orderer-lakeside'];
    const told = await sendDuring('quorum', async () => {
      await Promise.all(names.map((one) => network.kill(one)));
      await eventually(
        async () => {
          const { reachable, away } = await ledgers.get('harbor')!.reachability();
          return !reachable && away.includes('orderers');
        },
        { timeout: 60_000, interval: 500 },
      );
      await Promise.all(names.map((one) => network.start(one)));
    });
    await check(told);
  }, 400_000);

  it('an organisation’s peer', async () => {
    const { process } = network.description.organisations.lakeside.peer;
    const told = await sendDuring('peer', async () => {
      await network.kill(process);
      await sleep(2000);
      await network.start(process);
    });
    await check(told);
  }, 400_000);

  it('an organisation’s chaincode server', async () => {
    const told = await sendDuring('chaincode', async () => {
      await served.servers.get('summit')!.close();
      await sleep(2000);
      await served.serve('summit');
    });
    await check(told);
  }, 400_000);

  it('the client, when its transaction is kept and not yet sent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'medshare-victim-'));
    try {
      await ledgers.get('harbor')!.close();
      const [order, fault] = [join(folder, 'order.json'), join(folder, 'fault')];
      const access = await accessOf(network.description, 'harbor', name);
      await writeFile(order, JSON.stringify({ url: databases.urls.harbor, now, access }), { mode: 0o600 });
      const victim = spawnScript(new URL('./ledger-victim.fixture.ts', import.meta.url), {
        args: [order],
        env: { MEDSHARE_FAULT: fault },
      });
      const gone = new Promise((resolve) => victim.once('exit', (_, signal) => resolve(signal)));
      await lineOf(victim, /^done 0/);
      await writeFile(fault, 'ledger.kept');
      expect(await gone).toBe('SIGKILL');
      await open('harbor');
      // nobody submits it again: what was kept goes to the orderers by itself
      const first = async (): Promise<number> => {
        for (let n = 0; ; n++) if ((await stored('harbor', `victim/${n}`)) === undefined) return n;
      };
      await eventually(async () => (await first()) >= 2, { timeout: 60_000 });
      const count = await first();
      await check(Array.from({ length: count }, (_, n) => `victim/${n}`));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 400_000);
});
