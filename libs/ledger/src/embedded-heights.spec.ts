import { jest } from '@jest/globals';
import { chaincode, keys, type Chaincode } from '@medshare/chaincode-region';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import { eventually, ManualClock } from '@medshare/testkit';
import { PostgresChainStore } from './embedded/postgres-chain-store.js';
import { EmbeddedNetwork, freshDatabases } from './embedded-network.fixture.js';
import { readRequestState } from './view.js';

const cast = new Cast();
const clock = new ManualClock(cast.now);
const anchors = [cast.anchor('a')];

/** Lakeside's copy holds a block, and the answer to its commit is under way for as long as the test says. */
class HeldAnswer {
  #store: PostgresChainStore | undefined;
  #opened = 0;
  stored = false;
  release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => (this.release = resolve));

  constructor() {
    const { commit } = PostgresChainStore.prototype;
    const hold = async (store: PostgresChainStore, given: Parameters<typeof commit>[0]) => {
      await commit.call(store, given);
      // members open one after the other: harbor, lakeside, summit
      if (given.number === 0 && ++this.#opened === 2) this.#store = store;
      if (given.number === 0 || store !== this.#store) return;
      this.stored = true;
      await this.#released;
    };
    jest.spyOn(PostgresChainStore.prototype, 'commit').mockImplementation(async function (
      this: PostgresChainStore,
      given,
    ) {
      await hold(this, given);
    });
  }
}

let network: EmbeddedNetwork;
let answer: HeldAnswer;
let drop: () => Promise<void>;
let lying = false;
/** The same text for everybody, so the same chaincode hash. */
const lyingWhen = (lies: () => boolean): Chaincode => ({
  ...chaincode,
  functions: {
    ...chaincode.functions,
    anchor: async (context, args) => {
      const response = await chaincode.functions['anchor']!(context, args);
      if (lies()) context.state.put('anchor/lakeside/planted', new TextEncoder().encode('{}'));
      return response;
    },
  },
});

const submit = () => network.ledger('harbor').submit('anchor', { institution: 'harbor', anchors });
const soon = () => new Promise((resolve) => setTimeout(resolve, 300));

/** Harbor at block 1; lakeside has stored it and does not know yet; summit is one block behind. */
beforeEach(async () => {
  answer = new HeldAnswer();
  const databases = await freshDatabases();
  drop = databases.drop;
  const changes = {
    harbor: { clock, chaincode: lyingWhen(() => false) },
    lakeside: { clock, chaincode: lyingWhen(() => lying) },
    summit: { clock, chaincode: lyingWhen(() => false), follow: false },
  };
  network = await new EmbeddedNetwork(cast, databases.urls, changes).start();
  await submit();
  await eventually(() => answer.stored);
});

afterEach(async () => {
  lying = false;
  answer.release();
  await network.stop();
  await drop();
  jest.restoreAllMocks();
});

it('names nobody when one member has a block that it does not know yet and another is one block behind', async () => {
  const submitted = submit();
  await soon();
  answer.release();
  await submitted;
  expect(network.findings).toEqual([]);
  expect((await network.ledger('summit').height()).number).toBe(0);
});

it('names who lies at the same height all the same', async () => {
  answer.release();
  await eventually(async () => (await network.ledger('lakeside').height()).number === 1);
  lying = true;
  await network.close('summit');
  await expect(submit()).rejects.toMatchObject({ code: 'ledger.endorsement-mismatch', where: 'lakeside' });
});

it('does not read a state under the height before it', async () => {
  const read = readRequestState(network.ledger('lakeside'), 'A'.repeat(43));
  const first = await Promise.race([read, soon()]);
  expect(first).toBeUndefined();
  answer.release();
  expect((await read).height).toBe(1);
  expect(await network.ledger('lakeside').get(keys.anchor('harbor', anchors[0]!.tag))).toBeDefined();
});
