import { chaincode, keys, type Chaincode } from '@medshare/chaincode-region';
import { Cast, institutions, type Institution } from '@medshare/chaincode-region/cast.fixture';
import { eventually, ManualClock } from '@medshare/testkit';
import { EmbeddedNetwork, freshDatabases } from './embedded-network.fixture.js';

const cast = new Cast();
const clocks = {
  harbor: new ManualClock(cast.now),
  lakeside: new ManualClock(cast.now),
  summit: new ManualClock(cast.now),
};

/** The same text for everybody, so the same chaincode hash; whether it lies is not in the text. */
const maybeLying = (lies: () => boolean): Chaincode => ({
  ...chaincode,
  functions: {
    ...chaincode.functions,
    anchor: async (context, args) => {
      const response = await chaincode.functions['anchor']!(context, args);
      if (lies()) context.state.put('anchor/summit/planted', new TextEncoder().encode('{}'));
      return response;
    },
  },
});
const altered: Chaincode = {
  ...chaincode,
  functions: { ...chaincode.functions, approve: async () => Promise.resolve({ granted: true }) },
};

let network: EmbeddedNetwork;
let drop: () => Promise<void>;
let lying = false;

async function begin(summit: Chaincode, others: Chaincode): Promise<void> {
  const databases = await freshDatabases();
  drop = databases.drop;
  const change = (institution: Institution, code: Chaincode) => ({ chaincode: code, clock: clocks[institution] });
  const changes = {
    harbor: change('harbor', others),
    lakeside: change('lakeside', others),
    summit: change('summit', summit),
  };
  network = await new EmbeddedNetwork(cast, databases.urls, changes).start();
}

const anchor = (institution: Institution, tag: string) =>
  network.ledger(institution).submit('anchor', { institution, anchors: [cast.anchor(tag)] });

afterEach(async () => {
  for (const id of institutions) clocks[id].set(cast.now);
  lying = false;
  await network.stop();
  await drop();
});

describe('a member with altered chaincode', () => {
  it('is named, and stops nothing that a quorum of others endorses', async () => {
    await begin(altered, chaincode);
    await anchor('harbor', 'a');
    await eventually(() => network.findings.length > 0);
    expect(network.findings[0]).toMatchObject({ institution: 'summit', code: 'ledger.chaincode-mismatch' });
    expect(new Set(network.findings.map(({ institution }) => institution))).toEqual(new Set(['summit']));
  });

  it('is named in the refusal when the quorum would need it', async () => {
    await begin(altered, chaincode);
    network.down.add('lakeside');
    await expect(anchor('harbor', 'a')).rejects.toMatchObject({ code: 'ledger.chaincode-mismatch', where: 'summit' });
    expect(await network.ledger('harbor').height()).toMatchObject({ number: 0 });
  });

  it('cannot commit by itself', async () => {
    await begin(altered, chaincode);
    network.down.add('lakeside').add('harbor');
    await expect(anchor('summit', 'a')).rejects.toMatchObject({ code: 'ledger.unavailable', where: 'harbor,lakeside' });
  });
});

describe('a member that comes to another result', () => {
  beforeEach(async () => {
    await begin(
      maybeLying(() => lying),
      maybeLying(() => false),
    );
    lying = true;
  });

  it('is named, and what it planted is committed nowhere', async () => {
    await anchor('harbor', 'a');
    await eventually(() => network.findings.length > 0);
    expect(network.findings).toEqual([
      expect.objectContaining({ institution: 'summit', code: 'ledger.endorsement-mismatch' }),
    ]);
    for (const id of institutions) expect(await network.ledger(id).get('anchor/summit/planted')).toBeUndefined();
  });

  it('is named in the refusal when the quorum would need it', async () => {
    network.down.add('lakeside');
    await expect(anchor('harbor', 'a')).rejects.toMatchObject({ code: 'ledger.endorsement-mismatch', where: 'summit' });
  });

  it('does not get its own result through', async () => {
    await anchor('summit', 'a');
    expect(await network.ledger('summit').get('anchor/summit/planted')).toBeUndefined();
    expect(await network.ledger('summit').get(keys.anchor('summit', cast.anchor('a').tag))).toBeDefined();
  });
});

describe('clocks and members that are away', () => {
  beforeEach(() => begin(chaincode, chaincode));

  it('refuses a time that is off by more than the region allows, and names who refuses', async () => {
    clocks.harbor.advance(cast.region.clockSkewMs + 1);
    await expect(anchor('harbor', 'a')).rejects.toMatchObject({ code: 'ledger.clock', where: 'lakeside,summit' });
  });

  it('reports one member whose clock is off', async () => {
    clocks.summit.advance(-cast.region.clockSkewMs - 1);
    await anchor('harbor', 'a');
    await eventually(() =>
      network.findings.some(({ institution, code }) => institution === 'summit' && code === 'ledger.clock'),
    );
  });

  it('goes on with two of three, and names who is away when two are', async () => {
    network.down.add('summit');
    const { block } = await anchor('lakeside', 'a');
    network.down.add('lakeside');
    await expect(anchor('harbor', 'b')).rejects.toMatchObject({ code: 'ledger.unavailable', where: 'lakeside,summit' });
    network.down.clear();
    await eventually(async () => (await network.ledger('summit').height()).number >= block);
  });

  it('waits for an orderer that is away, and loses nothing', async () => {
    await network.close('harbor');
    const waiting = anchor('lakeside', 'a');
    await new Promise((resolve) => setTimeout(resolve, 400));
    await network.open('harbor');
    await waiting;
    expect(await network.ledger('lakeside').get(keys.anchor('lakeside', cast.anchor('a').tag))).toBeDefined();
  });

  it('catches up from another member while the orderer is away', async () => {
    await network.close('summit');
    const { block } = await anchor('lakeside', 'a');
    await network.close('harbor');
    await network.open('summit');
    await eventually(async () => (await network.ledger('summit').height()).number === block);
  });

  it('takes no block that was changed on the way, and names who sent it', async () => {
    network.falsify = (texts) => texts.map((text) => text.replace(cast.anchor('a').tag, cast.anchor('b').tag));
    await network.ledger('harbor').submit('anchor', { institution: 'harbor', anchors: [cast.anchor('a')] });
    await eventually(() =>
      network.findings.some(({ code, institution }) => code === 'ledger.tampered' && institution === 'harbor'),
    );
    expect(await network.ledger('lakeside').height()).toMatchObject({ number: 0 });
    network.falsify = (texts) => texts;
    await eventually(async () => (await network.ledger('lakeside').height()).number === 1);
  });

  it('orders nothing that lacks a signature or an endorsement', async () => {
    const seen: unknown[] = [];
    const member = network.member('harbor');
    const { order } = member;
    Object.assign(member, { order: (given: never) => (seen.push(given), order(given)) });
    await anchor('lakeside', 'a');
    const transaction = structuredClone(seen[0]) as Parameters<typeof order>[0];
    const short = { ...transaction, endorsements: transaction.endorsements.slice(0, 1) };
    const twice = { ...transaction, endorsements: [transaction.endorsements[0]!, transaction.endorsements[0]!] };
    const other = { ...transaction, outcome: { ...transaction.outcome, response: 'other' } };
    const renamed = { ...transaction, proposal: { ...transaction.proposal, creator: 'harbor' } };
    for (const bad of [short, twice, other, renamed])
      await expect(order(bad)).rejects.toMatchObject({ code: 'ledger.refused' });
    expect(await order(transaction)).toMatchObject({ block: 1 });
    expect(await network.ledger('harbor').height()).toMatchObject({ number: 1 });
  });

  it('refuses a copy that was begun with another region document', async () => {
    await network.close('summit');
    const other = new EmbeddedNetwork(new Cast('intl', { leaseMs: 6000 }), network.urls);
    await expect(other.open('summit')).rejects.toMatchObject({ code: 'config.invalid' });
  });
});
