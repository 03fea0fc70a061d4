import { Cast, start } from './cast.fixture.js';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';

describe('anchoring a consent', () => {
  const cast = new Cast();
  const commitment = cast.hashOf('consent-version', 'one');
  const anchor = { version: 1, institution: 'harbor', commitment };
  let host: MemoryHost;
  beforeEach(async () => {
    host = new MemoryHost();
    await host.run('harbor', 'init', cast.region, 0);
  });

  it('keeps the first time for ever', async () => {
    await host.run('harbor', 'consent', anchor, start);
    const before = host.dump();
    expect(await host.run('harbor', 'consent', anchor, start + 9)).toEqual({ commitment });
    expect(host.dump()).toBe(before);
    expect(host.read(keys.consent('harbor', commitment))).toEqual({ ...anchor, time: start });
  });

  it.each<[string, string, object]>([
    ['of another institution', 'lakeside', anchor],
    ['of no member', 'nowhere', { ...anchor, institution: 'nowhere' }],
    ['with a field too many', 'harbor', { ...anchor, patient: 'x' }],
  ])('refuses one %s', async (_, creator, args) => {
    await expect(host.run(creator, 'consent', args, start)).rejects.toMatchObject({ code: 'ledger.refused' });
  });
});
