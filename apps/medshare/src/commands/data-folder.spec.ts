import { defaultDataFolder } from './data-folder.js';

describe('the data folder', () => {
  it.each([
    ['linux', {}, '/home/u/.local/share/medshare'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/medshare'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/u/.local/share/medshare'],
    ['darwin', { XDG_DATA_HOME: '/data' }, '/home/u/Library/Application Support/medshare'],
  ])('of %s with %j is %s', (platform, env, folder) => {
    expect(defaultDataFolder(env, platform, '/home/u', false)).toBe(folder);
  });

  it.each([
    [{}, '/var/lib/medshare'],
    [{ XDG_DATA_HOME: '/data' }, '/data/medshare'],
  ])('of root on Linux with %j is %s: its home is closed to other users', (env, folder) => {
    expect(defaultDataFolder(env, 'linux', '/root', true)).toBe(folder);
  });

  it('of Windows is the local one', () => {
    expect(defaultDataFolder({ LOCALAPPDATA: 'C:\\L' }, 'win32', 'C:\\u')).toMatch(/^C:\\L.medshare$/);
  });
});
