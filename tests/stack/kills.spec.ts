import { join } from 'node:path';
import { seededRandom } from '@medshare/testkit';
import { lastingFindings, type Finding } from '../faults/run-fsck.js';
import { institutionsFolder } from './found-institutions.js';
import { stateFolder } from './running-stack.js';
import { institutions } from './stack.js';
import { StackUnderFire, victims } from './stack-under-fire.js';

/** Messages around each kill; the full number: `npm run campaign stack-kills`. */
const messages = 60;

/** Every institution walks its own stores; what is on its way is looked at again. */
async function fsckOfAll(): Promise<Finding[]> {
  const data = institutionsFolder(stateFolder());
  const found = institutions.map((id) => lastingFindings({ config: join(data, id, 'config.roles.yaml') }));
  return (await Promise.all(found)).flat();
}

describe('what was acknowledged survives the SIGKILL of any part, each role a process of its own', () => {
  let fire: StackUnderFire;
  beforeAll(async () => void (fire = await StackUnderFire.start(stateFolder(), 1)), 300_000);
  afterAll(() => fire?.close(), 120_000);

  it.each(victims)(
    'of %s',
    async (victim) => {
      const { broken, caughtUpMs, acknowledged } = await fire.survive(victim, messages);
      process.stdout.write(`${JSON.stringify({ victim, acknowledged, caughtUpMs })}\n`);
      expect(broken).toEqual([]);
    },
    700_000,
  );

  it('leaves stores that agree with each other, at every institution', async () => {
    expect(await fsckOfAll()).toEqual([]);
  }, 300_000);
});

describe('two processes of each role', () => {
  let fire: StackUnderFire;
  beforeAll(async () => void (fire = await StackUnderFire.start(stateFolder(), 2)), 300_000);
  afterAll(() => fire?.close(), 120_000);

  it('are restarted in any order while messages flow: nothing is lost, doubled or out of order', async () => {
    const random = seededRandom(20261128);
    const names = fire.processes.names();
    const rest = [...names];
    const order = names.map(() => rest.splice((random.bytes(1)[0] ?? 0) % rest.length, 1)[0]!);
    expect(await fire.restartAll(order, 4 * messages)).toEqual([]);
    process.stdout.write(`${JSON.stringify(await fire.processes.memory())}\n`);
  }, 900_000);

  it('leave stores that agree with each other', async () => {
    expect(await fsckOfAll()).toEqual([]);
  }, 300_000);
});
