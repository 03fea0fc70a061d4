import { chaincode, keys, type Chaincode } from '@medshare/chaincode-region';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import type { Ledger } from '@medshare/ledger';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { policyOf, type Definition } from '@medshare/ledger/fabric-lifecycle.driver';
import { mspOf } from '@medshare/ledger/institution-of';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { accessOf, administrate, placeBeside, serveOnNetwork, type ServedChaincode } from './fabric-chaincode.js';
import type { Organisation } from './fabric/organisations.js';
import { describedStack } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');

/** A next release: it says its version in each answer, and writes a second entry beside each batch's. */
const next: Chaincode = {
  ...chaincode,
  version: 'next',
  functions: {
    ...chaincode.functions,
    anchor: async (context, args) => {
      const answer = (await chaincode.functions['anchor']!(context, args)) as Record<string, string | number>;
      if (answer['root'] !== null)
        context.state.put(`written-by/${answer['root']}`, new TextEncoder().encode('{"version":"next"}'));
      return { ...answer, version: 'next' };
    },
  },
};

/** As an operator upgrades: each organisation at a time of its own, two servers beside each other, and transactions all the while. */
describe('two releases of the chaincode side by side', () => {
  const cast = new Cast('intl', {}, Date.now());
  const name = `versions-${Date.now().toString(36)}`;
  const organisations = ['harbor', 'lakeside', 'summit'] as const;
  const refused: unknown[] = [];
  const found: unknown[] = [];
  const answers: unknown[] = [];
  const stop = new AbortController();
  let served: ServedChaincode;
  let database: FreshDatabase;
  let ledger: Ledger;
  let sending: Promise<void>;
  let closing: (() => Promise<void>)[] = [];

  const anchorsOf = (n: number) => ({ institution: 'harbor', anchors: [cast.anchor(`versions/${n}`)] });
  const more = (count: number) => {
    const before = answers.length;
    return eventually(() => answers.length >= before + count, { timeout: 90_000 });
  };

  beforeAll(async () => {
    served = await serveOnNetwork(fabric, { name, region: cast.region, chaincode, bundle: 'aa'.repeat(32) });
    database = await freshDatabase();
    ledger = await openFabricLedger({
      institution: 'harbor',
      region: cast.region,
      privateKey: cast.keys.get('harbor')!.ledger.privateKey,
      url: database.url,
      access: await accessOf(fabric, 'harbor', name),
      onFinding: (one) => void found.push(one),
    });
    sending = (async () => {
      while (!stop.signal.aborted)
        await ledger.submit('anchor', anchorsOf(answers.length)).then(
          ({ response }) => answers.push(response),
          (caught: unknown) => refused.push(caught),
        );
    })();
    await more(3);
  }, 180_000);
  afterAll(async () => {
    stop.abort();
    await sending;
    await ledger?.close();
    for (const close of closing.reverse()) await close();
    await served?.stop();
    await database?.drop();
  }, 60_000);

  it('organisations upgrade one after the other while transactions flow, and none is refused', async () => {
    const definition: Definition = { name, version: next.version, sequence: 2, policy: policyOf(cast.region) };
    for (const organisation of organisations) {
      const { packageId, close } = await placeBeside(fabric, organisation, name, {
        chaincode: next,
        bundle: 'bb'.repeat(32),
      });
      closing = [...closing, close];
      await administrate(fabric, organisation, name, (lifecycle) => lifecycle.approve(definition, packageId));
      await more(3);
    }
    expect(answers.filter((one) => (one as { version?: string }).version === 'next')).toEqual([]);
    await administrate(fabric, 'lakeside', name, (lifecycle) =>
      lifecycle.commit(definition, cast.region.members.map(mspOf)),
    );
    await eventually(() => (answers.at(-1) as { version?: string }).version === 'next', { timeout: 90_000 });
    await more(5);
    // the old servers end one after the other, as each institution likes
    for (const organisation of organisations as readonly Organisation[]) {
      await served.servers.get(organisation)!.close();
      await more(2);
    }
    expect(refused).toEqual([]);
    expect(found).toEqual([]);
  }, 400_000);

  it('reads every state that the old one wrote: the same anchors again are counted, other content is a conflict', async () => {
    const again = await ledger.submit('anchor', anchorsOf(0));
    expect(again.response).toMatchObject({ size: 1, conflicts: [], version: 'next' });
    const { tag } = cast.anchor('versions/0');
    const other = await ledger.submit('anchor', {
      institution: 'harbor',
      anchors: [cast.anchor('versions/0', 'other')],
    });
    expect(other.response).toMatchObject({ size: 0, conflicts: [tag] });
    for (let n = 0; n < answers.length; n += 1)
      expect(await ledger.get(keys.anchor('harbor', cast.anchor(`versions/${n}`).tag))).toBeDefined();
    const findings: unknown[] = [];
    for await (const one of ledger.verify()) findings.push(one);
    expect(findings).toEqual([]);
  }, 120_000);
});
