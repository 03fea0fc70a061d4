import { once } from 'node:events';
import { spawnRoles, stopProcess } from '../harness/institution-process.js';
import { until, type Demo } from '../harness/demo.js';

/** What a second process of an institution does, beside the one that runs. */
export function secondProcess(demoOf: () => Demo): void {
  describe('a second process', () => {
    it('whose ports are taken says so and ends, though its parts had begun', async () => {
      const { child, output } = await spawnRoles(demoOf(), 'harbor', ['vault', 'audit']);
      const [code] = (await once(child, 'exit')) as [number];
      expect([code, output()]).toEqual([
        expect.any(Number),
        expect.stringMatching(/127\.0\.0\.1:\d+: the port is taken/),
      ]);
      expect(code).not.toBe(0);
    }, 90_000);

    it('of the embedded ledger stands by while the first keeps the copy of the chain, and ends when told', async () => {
      const { child, output } = await spawnRoles(demoOf(), 'harbor', ['ledger']);
      try {
        await until('it stands by', () => Promise.resolve(output().includes('standing by')), 60_000);
        expect(child.exitCode).toBeNull();
        child.kill('SIGTERM');
        await until('it ended', () => Promise.resolve(child.exitCode !== null), 20_000);
        expect([child.exitCode, output()]).toEqual([0, expect.stringContaining('stopped while standing by')]);
      } finally {
        child.kill('SIGKILL');
        await stopProcess(child);
      }
    }, 90_000);
  });
}
