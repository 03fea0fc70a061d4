import { Chance } from '../campaigns/chance.js';
import { stateFolder } from './running-stack.js';
import { seed, StackUnderFire } from './stack-under-fire.js';

// all of them, in full: npm run campaign replicas
describe(`two processes of each role (seed ${seed})`, () => {
  let fire: StackUnderFire;
  beforeAll(async () => void (fire = await StackUnderFire.start(stateFolder(), 2)), 600_000);
  afterAll(() => fire?.close(), 120_000);

  it('are restarted, one of each, in any order while messages flow: nothing is lost, doubled or out of order', async () => {
    const names = new Chance(seed, 0).shuffled(fire.processes.names());
    const roleOf = (name: string) => name.slice(0, name.lastIndexOf('-'));
    const order = names.filter((name, at) => names.findIndex((one) => roleOf(one) === roleOf(name)) === at);
    const { broken, ...figures } = await fire.restart(order, 60);
    process.stdout.write(`${JSON.stringify({ order, ...figures, broken: broken.length })}\n`);
    expect(broken).toEqual([]);
  }, 900_000);

  it('leave stores that agree with each other', async () => {
    expect(await fire.fsck()).toEqual([]);
  }, 400_000);
});
