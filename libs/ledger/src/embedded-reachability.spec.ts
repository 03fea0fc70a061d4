import { Cast, type Institution } from '@medshare/chaincode-region/cast.fixture';
import { EmbeddedNetwork, freshDatabases } from './embedded-network.fixture.js';

describe('whether the chain can be reached', () => {
  let network: EmbeddedNetwork;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const databases = await freshDatabases();
    drop = databases.drop;
    network = await new EmbeddedNetwork(new Cast('intl', {}, Date.now()), databases.urls).start();
  }, 120_000);
  afterAll(async () => {
    await network?.stop();
    await drop?.();
  }, 60_000);

  it.each<[Institution[], Institution, boolean]>([
    [[], 'lakeside', true],
    [[], 'harbor', true],
    [['summit'], 'lakeside', true],
    // the orderer
    [['harbor'], 'lakeside', false],
    // too few to endorse
    [['lakeside', 'summit'], 'harbor', false],
  ])('with %j away, %s says %s', async (down, institution, reachable) => {
    down.forEach((id) => network.down.add(id));
    try {
      const { height } = { height: (await network.ledger(institution).height()).number };
      expect(await network.ledger(institution).reachability()).toEqual({ reachable, height, away: down });
      const anchors = [network.cast.anchor(`${institution} with ${down.join()} away`)];
      if (reachable) await network.ledger(institution).submit('anchor', { institution, anchors });
    } finally {
      network.down.clear();
    }
  });

  it('does not wait for a member that hangs', async () => {
    const member = network.member('harbor');
    const blocks = member.blocks;
    // as any call to a peer, these end some day: whoever follows the chain waits for them when it stops
    const hanging: (() => void)[] = [];
    member.blocks = () => new Promise((_, reject) => hanging.push(() => reject(new Error('timed out'))));
    try {
      const began = Date.now();
      const found = await network.ledger('lakeside').reachability();
      expect([found.reachable, found.away]).toEqual([false, ['harbor']]);
      expect(Date.now() - began).toBeLessThan(20_000);
    } finally {
      member.blocks = blocks;
      for (const end of hanging) end();
    }
  });
});
