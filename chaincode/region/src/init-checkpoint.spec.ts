import type { Checkpoint } from '@medshare/events/chain';
import { Cast, start } from './cast.fixture.js';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';

const cast = new Cast();
const refused = { code: 'ledger.refused' };

describe('init', () => {
  it('writes the region once', async () => {
    const host = new MemoryHost();
    await host.run('harbor', 'init', cast.region, 0);
    await host.run('harbor', 'init', cast.region, 0);
    expect(host.written.size).toBe(0);
    const other = { ...cast.region, leaseMs: 6000 };
    await expect(host.run('harbor', 'init', other, 0)).rejects.toMatchObject(refused);
    expect(host.read(keys.region)).toEqual(cast.region);
  });

  it('refuses quorums beyond the members, doubled members, and strangers among the evaluators', async () => {
    const { region } = cast;
    const changes = [
      { endorsements: 4 },
      { members: [region.members[0]!, region.members[0]!, region.members[1]!] },
      { oprf: { ...region.oprf, members: ['nowhere'] } },
    ];
    for (const change of changes) {
      await expect(new MemoryHost().run('harbor', 'init', { ...region, ...change }, 0)).rejects.toMatchObject(refused);
    }
  });

  it('refuses everything on a chain without genesis', async () => {
    const args = cast.checkpoint('harbor', 1, 'r');
    await expect(new MemoryHost().run('harbor', 'checkpoint', args, start)).rejects.toMatchObject(refused);
  });
});

describe('checkpoint', () => {
  it('lets a log grow, and refuses a shorter one, a fork, a stranger and a forgery', async () => {
    const host = new MemoryHost();
    await host.run('harbor', 'init', cast.region, 0);
    await host.run('harbor', 'checkpoint', cast.checkpoint('harbor', 5, 'five'), start);
    await host.run('harbor', 'checkpoint', cast.checkpoint('harbor', 5, 'five'), start);
    expect(host.written.size).toBe(0);
    await host.run('harbor', 'checkpoint', cast.checkpoint('harbor', 9, 'nine'), start);
    await expect(host.run('harbor', 'checkpoint', cast.checkpoint('harbor', 8, 'eight'), start)).rejects.toMatchObject(
      refused,
    );
    await expect(host.run('harbor', 'checkpoint', cast.checkpoint('harbor', 9, 'other'), start)).rejects.toMatchObject(
      refused,
    );
    await expect(host.run('summit', 'checkpoint', cast.checkpoint('harbor', 10, 'ten'), start)).rejects.toMatchObject(
      refused,
    );
    const forged = { ...cast.checkpoint('harbor', 10, 'ten'), size: 11 };
    await expect(host.run('harbor', 'checkpoint', forged, start)).rejects.toMatchObject({ code: 'access.forged' });
    expect(host.read<Checkpoint>(keys.checkpoint('harbor'))).toMatchObject({ size: 9, root: cast.digest('nine') });
  });
});
