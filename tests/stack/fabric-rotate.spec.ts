import { lastingFindings } from '../faults/run-fsck.js';
import { anchorCount } from '../faults/promises.js';
import { until } from '../harness/demo.js';
import { ChainUnderFire } from './chain-under-fire.js';
import { openAuthorities } from './fabric/identities.js';
import { organisations, type Organisation } from './fabric/organisations.js';
import { besideAuthorities, reissue, reissueOrderer, withoutOldAuthorities } from './fabric/renew-certificates.js';
import { medshare } from './fabric-institutions.js';
import { isModern, runningRelease } from './fabric-network.js';

// what docs/operate-fabric.md says under "Rotate" of what is Fabric's own; what medshare exchanges by itself is in ledger-renewal.spec.ts
describe(`certificates of a network are exchanged while messages flow, ${runningRelease()}`, () => {
  let fire: ChainUnderFire;
  beforeAll(async () => {
    fire = await ChainUnderFire.start();
  }, 600_000);
  afterAll(() => fire?.close(), 120_000);

  it('of orderers, one at a time: the two with new ones order without the third', async () => {
    const { stack } = fire.network;
    await withNothingBroken(async () => {
      for (const each of ['harbor', 'lakeside'] as const) {
        await reissueOrderer(stack, each, await openAuthorities(stack, each));
        await restartOrderer(each);
      }
      await without(orderer('summit'), moreAnchored);
    });
  }, 400_000);

  it('of a peer: it endorses when one of the others is away', async () => {
    const { stack } = fire.network;
    await withNothingBroken(async () => {
      const kept = await openAuthorities(stack, 'harbor');
      await reissue(stack, 'harbor', kept, { kinds: ['peer'], listeners: ['peer', 'gateway'] });
      await restart(...peer('harbor'));
      await whenNeeded('harbor');
    });
  }, 400_000);

  it('of an organisation’s authorities, and of everything that they issued', async () => {
    const { stack } = fire.network;
    expect(await authorities()).toBe(2);
    await withNothingBroken(async () => {
      const next = await besideAuthorities(stack, 'harbor');
      await until('the inventory has the new ones beside the old', async () => (await authorities()) === 4);
      const listeners = ['peer', 'gateway', 'chaincode'] as const;
      await reissue(stack, 'harbor', next, { kinds: ['client', 'admin', 'peer'], listeners });
      await restart(...peer('harbor'));
      await reissueOrderer(stack, 'harbor', next);
      await restartOrderer('harbor');
      await fire.founded.repackage('harbor');
      await withoutOldAuthorities(stack, 'harbor', next);
      await until('the inventory has nothing of the old ones', async () => (await authorities()) === 2);
      await whenNeeded('harbor');
      await without(orderer('summit'), moreAnchored);
    });
  }, 600_000);

  it('and stores agree with the chain, from its first block to the last', async () => {
    expect(await lastingFindings(fire.data)).toEqual([]);
  }, 180_000);

  const orderer = (organisation: Organisation): string => `fabric-orderer-${organisation}`;
  const peer = (organisation: Organisation): string[] => {
    const name = `fabric-peer-${organisation}`;
    return isModern() ? [name] : [name, `fabric-gateway-${organisation}`];
  };

  async function restart(...names: string[]): Promise<void> {
    for (const name of names.toReversed()) await fire.network.end(name);
    for (const name of names) await fire.network.start(name);
  }

  async function restartOrderer(organisation: Organisation): Promise<void> {
    await restart(orderer(organisation));
    await until('all orderers are heard', () => fire.network.allOrder(), 90_000);
  }

  async function without(name: string, work: () => Promise<void>): Promise<void> {
    await fire.network.end(name);
    await work();
    await fire.network.start(name);
  }

  /** Two of three must endorse: without another, this one has to. */
  async function whenNeeded(organisation: Organisation): Promise<void> {
    const [other] = organisations.filter((each) => each !== organisation).reverse();
    await fire.founded.kill(other!);
    await moreAnchored();
    await fire.founded.serve(other!);
  }

  async function moreAnchored(): Promise<void> {
    const anchors = () => fire.inside(anchorCount);
    const since = await anchors();
    await until('more is anchored', async () => (await anchors()) >= since + 20, 90_000);
  }

  async function withNothingBroken(work: () => Promise<void>): Promise<void> {
    const { acknowledged, broken } = await fire.duringWork(work);
    expect(broken.slice(0, 10)).toEqual([]);
    expect(acknowledged).toBeGreaterThan(40);
  }

  /** How many of harbor's, for identities and for TLS, the channel names. */
  async function authorities(): Promise<number> {
    const { certificates } = await medshare('certificates', '--config', fire.founded.config('harbor'));
    const listed = certificates as { kind: string; of: string }[];
    return listed.filter(({ kind, of }) => of === 'harbor' && /^msp-(tls-)?authority$/.test(kind)).length;
  }
});
