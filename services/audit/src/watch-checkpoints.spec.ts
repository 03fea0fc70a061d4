import { TestLog } from './fixture/log.fixture.js';
import { WatchCheckpoints } from './watch-checkpoints.js';

describe('entries without a checkpoint', () => {
  let log: TestLog;
  beforeAll(async () => void (log = await TestLog.open()), 90_000);
  afterAll(() => log.roles.close());

  it('are counted, from the first one on', async () => {
    const watch = new WatchCheckpoints(log.context);
    const shown = async () => {
      await watch.look();
      const lines = (await log.context.metrics.expose())
        .split('\n')
        .filter((line) => line.startsWith('medshare_audit_'));
      return lines.map((line) => Number(line.split(' ')[1]));
    };
    expect(await shown()).toEqual([0, 0]);
    await log.add(2);
    log.roles.clock.advance(30_000);
    await log.add(1);
    expect(await shown()).toEqual([3, 30]);
    await log.checkpoints.make();
    expect(await shown()).toEqual([0, 0]);
    await log.add(1);
    log.roles.clock.advance(5_000);
    expect(await shown()).toEqual([1, 5]);
  });
});
