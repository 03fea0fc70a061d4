import { setTimeout as sleep } from 'node:timers/promises';
import { roleNames } from '@medshare/role/context';
import { Chance } from '../campaigns/chance.js';
import { stateFolder } from './running-stack.js';
import { skipAhead } from './kafka-admin.js';
import { institution, seed, StackUnderFire, victims } from './stack-under-fire.js';

/**
 * Samples, others each day, or by STACK_KILL_SEED. All parts and all processes, with thousands of messages around each:
 * `npm run campaign stack-kills` and `npm run campaign replicas`.
 */
const killed = new Chance(seed, 0).shuffled(victims).slice(0, 2);
const chance = new Chance(seed, 1);
const restarted = chance.shuffled(roleNames).map((role) => `${role}-${1 + chance.below(2)}`);
const messages = 40;

describe(`what was acknowledged survives (seed ${seed}), each role two processes of its own`, () => {
  let fire: StackUnderFire;
  beforeAll(async () => void (fire = await StackUnderFire.start(stateFolder(), 2)), 600_000);
  afterAll(() => fire?.close(), 120_000);

  it('the restart of one process of each role, in any order while messages flow', async () => {
    const { broken, ...figures } = await fire.restart(restarted, 60);
    process.stdout.write(`${JSON.stringify({ restarted, ...figures, broken: broken.length })}\n`);
    expect(broken).toEqual([]);
  }, 900_000);

  it.each(killed)(
    'the SIGKILL of %s, all its processes at once',
    async (victim) => {
      const { broken, caughtUpMs, acknowledged } = await fire.survive(victim, { messages });
      process.stdout.write(`${JSON.stringify({ victim, acknowledged, caughtUpMs, broken: broken.length })}\n`);
      expect(broken).toEqual([]);
    },
    600_000,
  );

  it('in stores that agree with each other, at every institution', async () => {
    expect(await fire.fsck()).toEqual([]);
  }, 400_000);

  it('but is found to be lost when a consumer runs ahead of its effects: the planted defect', async () => {
    let takeBack = () => Promise.resolve();
    const plant = async () => {
      // on their way to who does not take them
      await fire.behind(20);
      await sleep(5_000);
      takeBack = await skipAhead(
        fire.stack,
        `${institution}.vault:record.classified`,
        `${institution}.record.classified`,
      );
    };
    // what is lost holds up the sender for good: no more is waited for than was acknowledged by then
    const { broken } = await fire.survive('vault', { messages: 20, meanwhile: plant });
    expect(broken.filter((line) => line.startsWith('no record: ')).length).toBeGreaterThan(0);
    // what follows on this stack finds it as it was
    const bringBack = await fire.strike('vault');
    await takeBack();
    await bringBack();
    await fire.settled();
    expect((await fire.broken()).filter((line) => !line.startsWith('out of order'))).toEqual([]);
  }, 600_000);
});
